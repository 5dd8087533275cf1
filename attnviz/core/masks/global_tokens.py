"""Always seen: a few keys that everyone may look at, wherever they stand."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Bounds, Mask, by_key
from attnviz.core.seeded_random import draw


class Sinks(Mask):
    """The first `sinks` keys.

    Paper: 2309.17453
    """

    name = "sinks"
    limits: ClassVar = {"sinks": (0, inf)}
    sinks: int = 4

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, 1, key]"""
        return grid.k < self.sinks

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return by_key(self, grid)


class GlobalTokens(Mask):
    """The first `globals` tokens are seen by all and see all.

    Paper: 2004.05150
    """

    name = "global"
    limits: ClassVar = {"globals": (0, inf)}
    globals: int = 1

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return (grid.k < self.globals) | (grid.q < self.globals)

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return self(grid.row_at(0))[0, 0], self(grid.row_at(-1))[0, 0]  # the first sees most


class RandomKeys(Mask):
    """`random` keys drawn for each head and query; `drawing` is which draw.

    Paper: 2007.14062
    """

    name = "random"
    prefix_stable = False  # it draws among all keys
    limits: ClassVar = {"random": (0, inf), "drawing": (0, inf)}
    random: int = 2
    drawing: int = 0

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [head, query, key]"""
        chosen = np.zeros(grid.shape, dtype=bool)
        for head, query in np.ndindex(chosen.shape[:2]):
            role = int(grid.h[head, 0, 0]), int(grid.row[0, query, 0])
            order = draw((grid.n_key,), self.drawing, "random keys", *role).argsort()
            chosen[head, query] = np.isin(grid.k[0, 0], order[: self.random])
        return chosen


class Prefix(Mask):
    """The first `prefix` keys, which see each other as well: a text that is read, not written.

    Paper: 1905.03197, 1910.10683
    """

    name = "prefix"
    limits: ClassVar = {"prefix": (0, inf)}
    prefix: int = 3

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, 1, key]"""
        return grid.k < self.prefix

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return by_key(self, grid)


PARTS: tuple[type[Mask], ...] = (Sinks, GlobalTokens, RandomKeys, Prefix)
