"""The sheet of paper: how many panels stand side by side, how large, and what surrounds them."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from math import ceil, inf, log

from attnviz.errors import MisuseError
from attnviz.record import Record

PAGE = (13.0, 7.4)  # inches that a picture fills when nobody asks for a size: a slide
MOST_PIXELS = 60_000_000
LONGEST_SIDE = 30_000  # pixels
LEAST_PANEL = 0.25  # inches; in less, nothing can be seen
STRETCH = 1.6  # how far from square a cell may be when a size is asked for
BAR_LEAST, AROUND = 1.1, 0.15  # inches: a colour bar that can be read, the paper below it
UNTIDY = 0.7  # what a grid with empty places is worth beside a full one


class Room(Record, kw_only=True):
    """What surrounds the panels, in inches: the margins and the gaps between them."""

    left: float
    right: float
    top: float
    bottom: float
    across: float
    down: float


class Need(Record, kw_only=True):
    """What one panel asks for: so many cells, of a size within bounds, in inches."""

    wide: float
    tall: float
    smallest: float
    largest: float


class Sheet(Record, kw_only=True):
    """Where the panels stand. All in inches."""

    columns: int
    rows: int
    panel: tuple[float, float]
    room: Room
    size: tuple[float, float]

    def place(self, index: int) -> tuple[float, float, float, float]:
        """Left, bottom, width and height of a panel, as shares of the sheet."""
        row, column = divmod(index, self.columns)
        width, height = self.panel
        left = self.room.left + column * (width + self.room.across)
        top = self.room.top + row * (height + self.room.down)
        return self.share(left, top, width, height)

    def share(
        self, left: float, top: float, width: float, height: float
    ) -> tuple[float, float, float, float]:
        """A box, given from the sheet's top left corner, as matplotlib wants it."""
        w, h = self.size
        return left / w, 1 - (top + height) / h, width / w, height / h

    @property
    def right_edge(self) -> float:
        """Where the panels end."""
        return (
            self.room.left + self.columns * (self.panel[0] + self.room.across) - self.room.across
        )

    @property
    def panels_tall(self) -> float:
        """From the top of the first panel to the bottom of the last."""
        return self.rows * (self.panel[1] + self.room.down) - self.room.down


def lay_out(
    n: int,
    columns: Iterable[int],
    need: Need,
    room: Room,
    size: tuple[float, float] | None,
    dpi: int,
) -> Sheet:
    """The sheet on which `n` equal panels are largest, in one of these numbers of columns.

    Raises MisuseError where it would be too large to draw, or where a size was asked for that
    has no room for the panels.
    """
    what = f"{n} panels of {need.wide:.0f} × {need.tall:.0f} cells"
    page = size or PAGE
    refuse_size(page, dpi, what)
    choices = [shared(c, n, need, room, page) for c in columns]
    best = max(choices, key=lambda sheet: worth(sheet, n, need))
    cell = cell_of(best, need)
    if size is None:
        cell = min(max(cell, need.smallest), need.largest)
        made = wrapped(replace(best, panel=(cell * need.wide, cell * need.tall)))
        refuse_size(made.size, dpi, what)
        return made
    if min(best.panel) < LEAST_PANEL:
        raise MisuseError(
            f"a picture of {size[0]:g} × {size[1]:g} inches has no room for {what} "
            "and their labels; ask for a larger --size, or for less with --layer and --head"
        )
    most, (width, height) = STRETCH * cell, best.panel
    return replace(best, panel=(min(width, most * need.wide), min(height, most * need.tall)))


def shared(columns: int, n: int, need: Need, room: Room, page: tuple[float, float]) -> Sheet:
    """The page, shared out between so many columns."""
    rows = ceil(n / columns)
    width = (page[0] - room.left - room.right - room.across * (columns - 1)) / columns
    height = (page[1] - room.top - room.bottom - room.down * (rows - 1)) / rows
    return Sheet(columns=columns, rows=rows, panel=(width, height), room=room, size=page)


def cell_of(sheet: Sheet, need: Need) -> float:
    """The side of a square cell that fits."""
    return min(sheet.panel[0] / need.wide, sheet.panel[1] / need.tall)


def worth(sheet: Sheet, n: int, need: Need) -> tuple[float, float]:
    """How good a choice of columns is: large cells, no empty places, the shape of a slide."""
    cell = min(cell_of(sheet, need), need.largest)
    tidy = 1.0 if sheet.columns * sheet.rows == n or cell < 0 else UNTIDY
    shape = sheet.columns * need.wide / (sheet.rows * need.tall)
    return round(cell * tidy, 6), -abs(log(shape * PAGE[1] / PAGE[0]))


def wrapped(sheet: Sheet) -> Sheet:
    """The sheet, as large as its panels need."""
    room = sheet.room
    tall = room.top + max(sheet.panels_tall + room.bottom, BAR_LEAST + AROUND)
    return replace(sheet, size=(sheet.right_edge + room.right, tall))


def refuse_size(size: tuple[float, float], dpi: int, what: str) -> None:
    """Refuse a picture that is no picture, or larger than memory is worth.

    Raises MisuseError with the numbers, before anything is drawn.
    """
    wide, tall = (side * dpi for side in size)
    if not (0 < wide < inf and 0 < tall < inf and dpi > 0):
        raise MisuseError(
            f"a picture of {size[0]:g} × {size[1]:g} inches at {dpi} dots an inch cannot be "
            "drawn; --size and --dpi should be positive numbers"
        )
    if wide * tall > MOST_PIXELS or max(wide, tall) > LONGEST_SIDE:
        raise MisuseError(
            f"{what} make a picture of {wide:,.0f} × {tall:,.0f} pixels at {dpi} dpi; "
            f"the limit is {MOST_PIXELS:,} in all and {LONGEST_SIDE:,} a side. "
            "Choose with --layer and --head, or a lower --dpi"
        )
