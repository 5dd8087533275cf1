"""Sparse Transformer masks: strided and fixed patterns."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Bounds, Mask, key_only_bounds


class Strided(Mask):
    """Strided pattern: keys at a distance that is a multiple of `stride`.

    Paper: 1904.10509
    """

    name = "strided"
    limits: ClassVar = {"stride": (1, inf)}
    stride: int = 4

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return (grid.q - grid.k) % self.stride == 0


class WithinStride(Mask):
    """Local part of the strided pattern: keys at a distance of at most `stride`.

    Paper: 1904.10509
    """

    name = "within-stride"
    limits: ClassVar = {"stride": (1, inf)}
    stride: int = 4

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return np.abs(grid.q - grid.k) <= self.stride

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        nearest, farthest = grid.distance_range
        return nearest <= self.stride, farthest <= self.stride


class SummaryCells(Mask):
    """Fixed pattern: the last `summary_cells` positions of every block of `block`.

    Paper: 1904.10509 (`summary_cells` is its c)
    """

    name = "summary-cells"
    aliases = ("summaries",)
    tunable_aliases: ClassVar = {"summaries": "summary_cells", "stride": "block"}
    limits: ClassVar = {"block": (1, inf), "summary_cells": (0, inf)}
    block: int = 4
    summary_cells: int = 1

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, 1, key]"""
        return grid.k % self.block >= self.block - self.summary_cells

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return key_only_bounds(self, grid)


PARTS: tuple[type[Mask], ...] = (Strided, WithinStride, SummaryCells)
