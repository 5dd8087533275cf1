"""Sparse Transformer masks: strided and fixed patterns."""

from __future__ import annotations

from math import inf
from typing import ClassVar

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


class SummaryCells(Mask):
    """Fixed pattern: the last `summary_cells` positions of every block of `stride`.

    Paper: 1904.10509 (`summary_cells` is its c)
    """

    name = "summary-cells"
    aliases = ("summaries",)
    tunable_aliases: ClassVar = {"summaries": "summary_cells"}
    limits: ClassVar = {"stride": (1, inf), "summary_cells": (0, inf)}
    stride: int = 4
    summary_cells: int = 1

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, 1, key]"""
        return grid.k % self.stride >= self.stride - self.summary_cells

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return key_only_bounds(self, grid)


PARTS: tuple[type[Mask], ...] = (Strided, SummaryCells)
