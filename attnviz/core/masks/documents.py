"""Texts: several of them share a sequence and must not read each other."""

from __future__ import annotations

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Mask


class SameText(Mask):
    """Keys of the query's own text (its segment).

    Paper: 2107.02027
    """

    name = "same-text"

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        of_query, of_key = grid.note("segment")
        return of_query == of_key


class FirstText(Mask):
    """Keys of the first text, a beginning that all others share."""

    name = "first-text"

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, 1, key]"""
        return grid.note("segment")[1] == 0


PARTS: tuple[type[Mask], ...] = (SameText, FirstText)
