"""Figure layout: number of panel columns, panel size, margins and figure size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import ceil, inf, log

from attnviz.errors import MisuseError
from attnviz.record import Record

PAGE = (13.0, 7.4)  # inches, the default maximum: a 16:9 slide
MAX_PIXELS = 60_000_000
MAX_SIDE = 30_000  # pixels
MIN_PANEL = 0.25  # inches
STRETCH = 1.6  # maximum aspect ratio of a cell at a requested size
MIN_COLORBAR, AROUND = 1.1, 0.15  # inches: minimum height of the colorbar, space below it
INCOMPLETE_GRID_FACTOR = 0.7  # score of a grid with empty cells, relative to a full one


class Margins(Record, kw_only=True):
    """Margins around the panels and gaps between them, in inches."""

    left: float
    right: float
    top: float
    bottom: float
    across: float
    down: float


class PanelSize(Record, kw_only=True):
    """The cells of a panel (`wide` × `tall`), and the bounds of the cell size in inches."""

    wide: float
    tall: float
    smallest: float
    largest: float


class FigureLayout(Record, kw_only=True):
    """A grid of equal panels on a figure of `size`. All in inches."""

    columns: int
    rows: int
    panel: tuple[float, float]
    margins: Margins
    size: tuple[float, float]

    def panel_box(self, index: int) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of a panel, as fractions of the figure."""
        row, column = divmod(index, self.columns)
        width, height = self.panel
        left = self.margins.left + column * (width + self.margins.across)
        top = self.margins.top + row * (height + self.margins.down)
        return self.fraction_box(left, top, width, height)

    def fraction_box(
        self, left: float, top: float, width: float, height: float
    ) -> tuple[float, float, float, float]:
        """A box given from the top left corner (inches), as fractions of the figure from below."""
        w, h = self.size
        return left / w, 1 - (top + height) / h, width / w, height / h

    @property
    def right_edge(self) -> float:
        """The right end of the panels."""
        return (
            self.margins.left
            + self.columns * (self.panel[0] + self.margins.across)
            - self.margins.across
        )

    @property
    def panels_height(self) -> float:
        """From the top of the first panel to the bottom of the last."""
        return self.rows * (self.panel[1] + self.margins.down) - self.margins.down


def compute_layout(
    n: int,
    columns: Iterable[int],
    need: PanelSize,
    margins: Margins,
    size: tuple[float, float] | None,
    dpi: int,
) -> FigureLayout:
    """The layout with the largest `n` equal panels, for the best of these numbers of columns.

    Raises MisuseError if the figure is too large to draw, or `size` too small for the panels.
    """
    what = f"{n} panels of {need.wide:.0f} × {need.tall:.0f} cells"
    page = size or PAGE
    check_size(page, dpi, what)
    choices = [split_page(c, n, margins, page) for c in columns]
    best = max(choices, key=lambda layout: layout_score(layout, n, need))
    cell = cell_side(best, need)
    if size is None:
        cell = min(max(cell, need.smallest), need.largest)
        layout = shrink_to_panels(replace(best, panel=(cell * need.wide, cell * need.tall)))
        check_size(layout.size, dpi, what)
        return layout
    if min(best.panel) < MIN_PANEL:
        raise MisuseError(
            f"{size[0]:g} × {size[1]:g} inches are too small for {what} and their labels; "
            "increase --size, or select fewer heads with --layer and --head"
        )
    most, (width, height) = STRETCH * cell, best.panel
    return replace(best, panel=(min(width, most * need.wide), min(height, most * need.tall)))


def split_page(columns: int, n: int, margins: Margins, page: tuple[float, float]) -> FigureLayout:
    """The page divided into this number of columns."""
    rows = ceil(n / columns)
    width = (page[0] - margins.left - margins.right - margins.across * (columns - 1)) / columns
    height = (page[1] - margins.top - margins.bottom - margins.down * (rows - 1)) / rows
    return FigureLayout(
        columns=columns, rows=rows, panel=(width, height), margins=margins, size=page
    )


def cell_side(layout: FigureLayout, need: PanelSize) -> float:
    """The side of the largest square cell that fits."""
    return min(layout.panel[0] / need.wide, layout.panel[1] / need.tall)


def layout_score(layout: FigureLayout, n: int, need: PanelSize) -> tuple[float, float]:
    """Score of a layout: cell size, full grid; then similarity to the aspect ratio of a slide."""
    cell = min(cell_side(layout, need), need.largest)
    factor = 1.0 if layout.columns * layout.rows == n or cell < 0 else INCOMPLETE_GRID_FACTOR
    shape = layout.columns * need.wide / (layout.rows * need.tall)
    return round(cell * factor, 6), -abs(log(shape * PAGE[1] / PAGE[0]))


def shrink_to_panels(layout: FigureLayout) -> FigureLayout:
    """The layout with the figure shrunk to its panels and margins."""
    margins = layout.margins
    tall = margins.top + max(layout.panels_height + margins.bottom, MIN_COLORBAR + AROUND)
    return replace(layout, size=(layout.right_edge + margins.right, tall))


def check_size(size: tuple[float, float], dpi: int, what: str) -> None:
    """Check a figure size before anything is drawn.

    Raises MisuseError for sizes that are not positive and for images over the pixel limits.
    """
    wide, tall = (side * dpi for side in size)
    if not (0 < wide < inf and 0 < tall < inf and dpi > 0):
        raise MisuseError(
            f"cannot draw a figure of {size[0]:g} × {size[1]:g} inches at {dpi} dpi; "
            "--size and --dpi must be positive numbers"
        )
    if wide * tall > MAX_PIXELS or max(wide, tall) > MAX_SIDE:
        raise MisuseError(
            f"{what} need an image of {wide:,.0f} × {tall:,.0f} pixels at {dpi} dpi; "
            f"the limit is {MAX_PIXELS:,} pixels, {MAX_SIDE:,} per side. "
            "Select with --layer and --head, or use a lower --dpi"
        )
