"""Near: which keys are close enough, by steps, by blocks or by neighbours."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, IntArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Bounds, Mask, growing


class Dilated(Mask):
    """`window` keys to a side, itself included, but only every `dilation`-th.

    Paper: 2004.05150
    """

    name = "dilated"
    limits: ClassVar = {"window": (1, inf), "dilation": (1, inf)}
    window: int = 3
    dilation: int = 2

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        steps = np.abs(grid.q - grid.k)
        return (steps % self.dilation == 0) & (steps // self.dilation < self.window)

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        some = grid.steps[0] // self.dilation < self.window
        return some, np.zeros_like(some)


class SameBlock(Mask):
    """Keys of the query's own block of `block` positions."""

    name = "same-block"
    limits: ClassVar = {"block": (1, inf)}
    block: int = 4

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return grid.q // self.block == grid.k // self.block

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        first, last = (self(grid.row_at(i))[0, 0] for i in (0, -1))
        some = first | last | (grid.steps[0] == 0)
        return some, first & last


class EarlierBlocks(Mask):
    """Keys of all blocks up to and with the query's own: inside a block, both ways."""

    name = "block-causal"
    limits: ClassVar = {"block": (1, inf)}
    block: int = 4

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return grid.k // self.block <= grid.q // self.block

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return growing(self, grid)


class Neighborhood(Mask):
    """The nearest `neighbors` keys; at the ends the neighbourhood stops instead of shrinking.

    With `tile` above 1, whole tiles of positions are each other's neighbours.
    Paper: 2204.07143; tiles 2502.04507 (both in two or three dimensions)
    """

    name = "neighborhood"
    prefix_stable = False  # at the end it reaches further back
    limits: ClassVar = {"neighbors": (1, inf), "tile": (1, inf)}
    neighbors: int = 3
    tile: int = 1

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        start, key = self.start(grid), grid.k // self.tile
        return (key >= start) & (key < start + self.neighbors)

    def start(self, grid: Grid) -> IntArray:
        """The first tile of each query's neighbourhood.    -> [1, query, 1]"""
        n_tile = -(-grid.n_key // self.tile)
        middle = grid.q // self.tile
        return np.clip(middle - self.neighbors // 2, 0, max(n_tile - self.neighbors, 0))

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        starts, key = self.start(grid).ravel(), grid.k[0, 0] // self.tile
        first, last = starts[0], starts[-1]
        some = (key >= first) & (key < last + self.neighbors)
        return some, (key >= last) & (key < first + self.neighbors)


class Itself(Mask):
    """A token at its own position."""

    name = "itself"

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return grid.q == grid.k

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        nearest, farthest = grid.steps
        return nearest == 0, farthest == 0


PARTS: tuple[type[Mask], ...] = (Dilated, SameBlock, EarlierBlocks, Neighborhood, Itself)
