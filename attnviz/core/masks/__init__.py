"""Masks: which keys may a query look at?    -> visible, broadcasts to [head, query, key]

Masks are functions of positions, closed under & (both), | (either) and ~ (not).
True means: may look.
"""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.part import Part

Bounds = tuple[BoolArray, BoolArray]


class Mask(Part):
    """A rule for one query and one key that holds for all."""

    def __call__(self, grid: Grid) -> BoolArray:
        """-> broadcasts to [head, query, key]; True = may look"""
        raise TypeError(f"{type(self).__name__} does not say what may be seen")

    def bounds(self, grid: Grid) -> Bounds:
        """Keys that some query of this grid may see, and keys that all of them do see.

        Rather too many of the first and too few of the second: what is out of reach of a block
        of queries is not computed for it, and what is in clear sight is not asked for again.
        Shapes: -> [key], [key]
        """
        return np.ones(grid.k.size, dtype=bool), np.zeros(grid.k.size, dtype=bool)

    def __and__(self, other: Mask) -> Mask:
        return Both(self, other)

    def __or__(self, other: Mask) -> Mask:
        return Either(self, other)

    def __invert__(self) -> Mask:
        return Not(self)


class Both(Mask):
    """What both masks show."""

    name = "both"
    first: Mask
    second: Mask

    def __call__(self, grid: Grid) -> BoolArray:
        """-> broadcasts to [head, query, key]"""
        return self.first(grid) & self.second(grid)

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        (some, every), (other_some, other_every) = (mask.bounds(grid) for mask in self.pair)
        return some & other_some, every & other_every

    def __str__(self) -> str:
        return " & ".join(f"({m})" if isinstance(m, Either) else f"{m}" for m in self.pair)

    @property
    def pair(self) -> tuple[Mask, Mask]:
        """The two masks."""
        return self.first, self.second


class Either(Mask):
    """What one of the masks shows."""

    name = "either"
    first: Mask
    second: Mask

    def __call__(self, grid: Grid) -> BoolArray:
        """-> broadcasts to [head, query, key]"""
        return self.first(grid) | self.second(grid)

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        some, every = self.first.bounds(grid)
        other_some, other_every = self.second.bounds(grid)
        return some | other_some, every | other_every

    def __str__(self) -> str:
        return f"{self.first} | {self.second}"


class Not(Mask):
    """What the mask hides."""

    name = "not"
    mask: Mask

    def __call__(self, grid: Grid) -> BoolArray:
        """-> broadcasts to [head, query, key]"""
        return ~self.mask(grid)

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        some, every = self.mask.bounds(grid)
        return ~every, ~some

    def __str__(self) -> str:
        return f"~({self.mask})" if isinstance(self.mask, Both | Either) else f"~{self.mask}"


class Full(Mask):
    """Every token sees every token."""

    name = "full"

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, 1, 1]"""
        return np.ones((1, 1, 1), dtype=bool)

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return by_key(self, grid)


class Causal(Mask):
    """A token sees itself and what came before.

    With fewer queries than keys the queries are the last positions; `align` "first" counts
    both from 0 instead.
    """

    name = "causal"
    choices: ClassVar = {"align": ("last", "first")}
    align: str = "last"

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return grid.k <= (grid.row if self.align == "first" else grid.q)

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return growing(self, grid)

    def __str__(self) -> str:
        return "causal" if self.align == "last" else f"causal({self.align})"


class Window(Mask):
    """Keys closer than `window`, itself included: causal & window(3) shows three keys."""

    name = "window"
    limits: ClassVar = {"window": (1, inf)}
    window: int = 4

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return np.abs(grid.q - grid.k) < self.window

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        nearest, farthest = grid.steps
        return nearest < self.window, farthest < self.window


class Padding(Mask):
    """Padding is not looked at."""

    name = "padding"

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, 1, key]"""
        return grid.note("pad")[1] == 0

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return by_key(self, grid)


class GivenMask(Mask):
    """An array that the caller brings.    array: broadcasts to [head, query, key]"""

    name = "given"
    array: BoolArray

    def __call__(self, grid: Grid) -> BoolArray:
        """-> broadcasts to [head, query, key]"""
        return np.asarray(grid.part_of(self.array), dtype=bool)

    def __str__(self) -> str:
        return "given mask"


def by_key(mask: Mask, grid: Grid) -> Bounds:
    """Bounds of a mask that asks the key alone.    -> [key], [key]"""
    seen = np.broadcast_to(mask(grid), (1, 1, grid.k.size))[0, 0]
    return seen, seen


def growing(mask: Mask, grid: Grid) -> Bounds:
    """Bounds of a mask that shows each query what the one before it saw.    -> [key], [key]"""
    return mask(grid.row_at(-1))[0, 0], mask(grid.row_at(0))[0, 0]


PARTS: tuple[type[Mask], ...] = (Full, Causal, Window, Padding)
