"""Figure layout: number of panel columns, panel size, margins and figure size."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import ceil, log

from attnviz.record import Record
from attnviz.render.figure.page_size import PAGE, Page, TooSmallError, check_size

MIN_PANEL = 0.25  # inches
STRETCH = 1.6  # maximum aspect ratio of a cell at a requested width
FILL = 2.6  # the same at a requested width and height, which are filled
HALF = 0.5  # of the figure: cells of a requested width are higher, to cover this
HIGHER = 1.25  # at most
SLIGHTLY = 1.2  # maximum aspect ratio of a cell that is higher for its label
UNEQUAL = 4.0  # panels with sides in this ratio may have longer cells
MIN_COLORBAR, AROUND = 0.8, 0.15  # inches: minimum height of the colorbar, space below it
MIN_SCALE = 0.4  # inches, from the top of the panels to the end of the figure
INCOMPLETE_GRID_FACTOR = 0.7  # score of a grid with empty cells, relative to a full one
MAX_HEIGHT = 11.0  # inches, of a figure of given width whose panels need more than its page


class Margins(Record, kw_only=True):
    """Margins around the panels and gaps between them, in inches."""

    left: float
    right: float
    top: float
    bottom: float
    across: float
    down: float


class PanelSize(Record, kw_only=True):
    """The cells of a panel (`wide` × `tall`), and the bounds of the cell size in inches.

    On the short side of very unequal panels, cells have up to `label` inches, room for names.
    """

    wide: float
    tall: float
    smallest: float
    largest: float
    label: float = 0.0
    least: float = MIN_PANEL  # inches, the shorter side of a panel at a requested size

    @property
    def ratio(self) -> float:
        """The longer side relative to the shorter one, in cells."""
        return max(self.wide / self.tall, self.tall / self.wide)

    @property
    def stretch(self) -> float:
        """The maximum aspect ratio of a cell."""
        return max(STRETCH, self.ratio / UNEQUAL)

    def long_side(self, cell: float) -> float:
        """The longer side of a cell whose other side is `cell`, for names on the short side."""
        if self.ratio <= UNEQUAL:
            return cell
        return min(max(cell, self.label), self.stretch * cell)


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

    def share(self, n: int) -> float:
        """The part of the figure that `n` panels cover."""
        return n * self.panel[0] * self.panel[1] / (self.size[0] * self.size[1])


def compute_layout(
    n: int, columns: Iterable[int], need: PanelSize, margins: Margins, page: Page, dpi: int
) -> FigureLayout:
    """The layout with the largest `n` equal panels, for the best of these numbers of columns.

    Raises MisuseError if the figure is too large to draw, TooSmallError if the page is too
    small for the panels.
    """
    what = f"{n} panel{'s' if n > 1 else ''} of {need.wide:.0f} × {need.tall:.0f} cells"
    check_size((page.width, page.height), dpi, what)
    pages = [page]
    if page.fixed_width and not page.fixed_height:
        pages.append(replace(page, height=max(page.height, MAX_HEIGHT)))
    choices = list(columns)
    for paper in pages:
        best = best_split(n, choices, need, margins, paper)
        has_room = min(best.panel) >= need.least and paper.height - margins.top >= MIN_SCALE
        if has_room or not page.fixed_width:
            best = replace(best, panel=panel_size(best, need, page))
            if page.fixed_width and not page.fixed_height:
                best = heighten(best, n, paper)
            layout = shrink_to_panels(best, page)
            check_size(layout.size, dpi, what)
            return layout
    raise TooSmallError(f"{page} are too small for {what} and their labels")


def best_split(
    n: int, columns: list[int], need: PanelSize, margins: Margins, page: Page
) -> FigureLayout:
    """The page divided into the number of columns with the best score."""
    choices = (split_page(c, n, margins, page) for c in columns)
    return max(choices, key=lambda layout: layout_score(layout, n, need))


def split_page(columns: int, n: int, margins: Margins, page: Page) -> FigureLayout:
    """The page divided into this number of columns."""
    rows = ceil(n / columns)
    width = (page.width - margins.left - margins.right - margins.across * (columns - 1)) / columns
    height = (page.height - margins.top - margins.bottom - margins.down * (rows - 1)) / rows
    return FigureLayout(
        columns=columns,
        rows=rows,
        panel=(width, height),
        margins=margins,
        size=(page.width, page.height),
    )


def panel_size(best: FigureLayout, need: PanelSize, page: Page) -> tuple[float, float]:
    """The size of a panel: cells are square, or stretched to fill a requested size."""
    (width, height), cell = best.panel, cell_side(best, need)
    if not page.fixed_width:
        cell = min(max(cell, need.smallest), need.largest)
        across, down = cell, cell
        if need.wide < need.tall:
            across = need.long_side(cell)
        else:
            down = need.long_side(cell)
        return across * need.wide, down * need.tall
    if page.fixed_height:
        most = max(need.stretch, FILL) * cell
        return min(width, most * need.wide), min(height, most * need.tall)
    across = width / need.wide
    down = min(across, max(need.largest, across / STRETCH))
    if across < need.label <= SLIGHTLY * across:  # all rows can be labelled
        down = need.label
    down = min(max(down, need.long_side(across)), height / need.tall)
    return min(across, need.stretch * down) * need.wide, down * need.tall


def heighten(layout: FigureLayout, n: int, page: Page) -> FigureLayout:
    """The layout with higher panels, where they then cover half of a figure of this width."""
    wide, tall = layout.panel
    margins = layout.margins
    around = margins.top + layout.panels_height - layout.rows * tall + margins.bottom
    gained = n * wide - HALF * page.width * layout.rows  # of area, for each inch of a panel
    if gained <= 0:
        return layout
    needed = 1.001 * HALF * page.width * around / gained
    limit = min(HIGHER * tall, (page.height - around) / layout.rows)
    return replace(layout, panel=(wide, max(tall, min(needed, limit))))


def cell_side(layout: FigureLayout, need: PanelSize) -> float:
    """The side of the largest square cell that fits."""
    return min(layout.panel[0] / need.wide, layout.panel[1] / need.tall)


def layout_score(layout: FigureLayout, n: int, need: PanelSize) -> tuple[float, float]:
    """Score of a layout: cell size, full grid; then similarity to the aspect ratio of a slide."""
    cell = min(cell_side(layout, need), need.largest)
    factor = 1.0 if layout.columns * layout.rows == n or cell < 0 else INCOMPLETE_GRID_FACTOR
    shape = layout.columns * need.wide / (layout.rows * need.tall)
    return round(cell * factor, 6), -abs(log(shape * PAGE[1] / PAGE[0]))


def shrink_to_panels(layout: FigureLayout, page: Page) -> FigureLayout:
    """The layout with the figure shrunk to its panels and margins, where its size is free."""
    margins = layout.margins
    tall = margins.top + max(layout.panels_height + margins.bottom, MIN_COLORBAR + AROUND)
    return replace(
        layout,
        size=(
            page.width if page.fixed_width else layout.right_edge + margins.right,
            page.height if page.fixed_height else tall,
        ),
    )
