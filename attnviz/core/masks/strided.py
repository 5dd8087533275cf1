"""Strided: every so-manieth key, so that two layers together reach everything."""

from __future__ import annotations

from math import inf
from typing import ClassVar

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Bounds, Mask, by_key


class Strided(Mask):
    """Keys a whole number of strides away.

    Paper: 1904.10509
    """

    name = "strided"
    limits: ClassVar = {"stride": (1, inf)}
    stride: int = 4

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return (grid.q - grid.k) % self.stride == 0


class Summaries(Mask):
    """The last `summaries` keys of every stretch of `stride`, which sum it up for all.

    Paper: 1904.10509 ("fixed")
    """

    name = "summaries"
    limits: ClassVar = {"stride": (1, inf), "summaries": (0, inf)}
    stride: int = 4
    summaries: int = 1

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, 1, key]"""
        return grid.k % self.stride >= self.stride - self.summaries

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return by_key(self, grid)


PARTS: tuple[type[Mask], ...] = (Strided, Summaries)
