"""Local masks: dilated windows, blocks, neighborhoods, the diagonal."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, IntArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Bounds, Mask, nested_bounds


class Dilated(Mask):
    """Dilated sliding window: every `dilation`-th key, `window` of them per side.

    The query's own position counts as the first key of both sides.
    Paper: 2004.05150
    """

    name = "dilated"
    limits: ClassVar = {"window": (1, inf), "dilation": (1, inf)}
    window: int = 3
    dilation: int = 2

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        distance = np.abs(grid.q - grid.k)
        return (distance % self.dilation == 0) & (distance // self.dilation < self.window)

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        some = grid.distance_range[0] // self.dilation < self.window
        return some, np.zeros_like(some)


class SameBlock(Mask):
    """Block-local attention: keys of the query's block of `block` positions."""

    name = "same-block"
    limits: ClassVar = {"block": (1, inf)}
    block: int = 4

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return grid.q // self.block == grid.k // self.block

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        first, last = (self(grid.single_query(i))[0, 0] for i in (0, -1))
        some = first | last | (grid.distance_range[0] == 0)
        return some, first & last


class BlockCausal(Mask):
    """Block-causal mask: causal between blocks of `block` positions, bidirectional within."""

    name = "block-causal"
    limits: ClassVar = {"block": (1, inf)}
    block: int = 4

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return grid.k // self.block <= grid.q // self.block

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return nested_bounds(self, grid)


class Neighborhood(Mask):
    """Neighborhood attention: the `neighbors` nearest keys, as many at the ends of a sequence.

    With `tile` above 1, the `neighbors` nearest tiles of `tile` positions each.
    Paper: 2204.07143 (NATTEN); tiles 2502.04507 (STA); both in two or three dimensions
    """

    name = "neighborhood"
    prefix_stable = False  # the last queries attend further back
    limits: ClassVar = {"neighbors": (1, inf), "tile": (1, inf)}
    neighbors: int = 3
    tile: int = 1

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        start, key = self.start(grid), grid.k // self.tile
        return (key >= start) & (key < start + self.neighbors)

    def start(self, grid: Grid) -> IntArray:
        """The first tile of each query's neighborhood.    -> [1, query, 1]"""
        n_tile = -(-grid.n_key // self.tile)
        middle = grid.q // self.tile
        return np.clip(middle - self.neighbors // 2, 0, max(n_tile - self.neighbors, 0))

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        starts, key = self.start(grid).ravel(), grid.k[0, 0] // self.tile
        first, last = starts[0], starts[-1]
        some = (key >= first) & (key < last + self.neighbors)
        return some, (key >= last) & (key < first + self.neighbors)


class Diagonal(Mask):
    """Diagonal: the key at the query's own position."""

    name = "diagonal"
    aliases = ("itself",)

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return grid.q == grid.k

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        nearest, farthest = grid.distance_range
        return nearest == 0, farthest == 0


PARTS: tuple[type[Mask], ...] = (Dilated, SameBlock, BlockCausal, Neighborhood, Diagonal)
