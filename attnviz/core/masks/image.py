"""Plane: positions are places in a picture, read line by line, `columns` to a line."""

from __future__ import annotations

from math import inf
from typing import ClassVar

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Mask


class SameLine(Mask):
    """Keys of the query's own line.

    Paper: 1912.12180
    """

    name = "same-line"
    limits: ClassVar = {"columns": (1, inf)}
    columns: int = 3

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return grid.q // self.columns == grid.k // self.columns


class SameColumn(Mask):
    """Keys of the query's own column.

    Paper: 1912.12180
    """

    name = "same-column"
    limits: ClassVar = {"columns": (1, inf)}
    columns: int = 3

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return grid.q % self.columns == grid.k % self.columns


class Patch(Mask):
    """Keys of the query's own square of `side` places; `shift` moves the squares up and left.

    Shifted squares are cut off at the border: places that only wrapping would bring together
    stay apart.
    Paper: 2103.14030
    """

    name = "patch"
    limits: ClassVar = {"columns": (1, inf), "side": (1, inf), "shift": (0, inf)}
    side: int = 2
    shift: int = 0
    columns: int = 4

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        of_query, of_key = (
            (
                (at // self.columns + self.shift) // self.side,
                (at % self.columns + self.shift) // self.side,
            )
            for at in (grid.q, grid.k)
        )
        return (of_query[0] == of_key[0]) & (of_query[1] == of_key[1])


PARTS: tuple[type[Mask], ...] = (SameLine, SameColumn, Patch)
