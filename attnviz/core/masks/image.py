"""Image masks: positions of a row-major grid of pixels or patches, `columns` per row."""

from __future__ import annotations

from math import inf
from typing import ClassVar

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Mask


class SameRow(Mask):
    """Axial attention along rows: keys of the query's row of the image.

    Paper: 1912.12180
    """

    name = "same-row"
    aliases = ("same-line",)
    limits: ClassVar = {"columns": (1, inf)}
    columns: int = 3

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return grid.q // self.columns == grid.k // self.columns


class SameColumn(Mask):
    """Axial attention along columns: keys of the query's column of the image.

    Paper: 1912.12180
    """

    name = "same-column"
    limits: ClassVar = {"columns": (1, inf)}
    columns: int = 3

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return grid.q % self.columns == grid.k % self.columns


class SwinWindow(Mask):
    """Swin window attention: keys of the query's window of `side` × `side` positions.

    `shift` moves the windows up and left by that many positions. Windows are cut off at the
    border of the image: positions that only a cyclic shift would join are masked.
    Paper: 2103.14030
    """

    name = "swin-window"
    aliases = ("patch",)
    limits: ClassVar = {"columns": (1, inf), "side": (1, inf), "shift": (0, inf)}
    side: int = 2
    shift: int = 0
    columns: int = 4

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        of_query, of_key = (
            (
                (position // self.columns + self.shift) // self.side,
                (position % self.columns + self.shift) // self.side,
            )
            for position in (grid.q, grid.k)
        )
        return (of_query[0] == of_key[0]) & (of_query[1] == of_key[1])


PARTS: tuple[type[Mask], ...] = (SameRow, SameColumn, SwinWindow)
