"""Attention masks: which keys each query may attend to.    -> broadcasts to [head, query, key]

Masks are functions of positions, closed under & (and), | (or) and ~ (not). True: the query may
attend to the key; False: the pair is masked.
"""

from __future__ import annotations

from dataclasses import replace
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.part import Part, iter_parts
from attnviz.errors import MisuseError

Bounds = tuple[BoolArray, BoolArray]  # keys visible to some query, to all queries


class Mask(Part):
    """An attention mask: a rule for one query and one key, applied to all pairs."""

    def __call__(self, grid: Grid) -> BoolArray:
        """-> broadcasts to [head, query, key]; True = visible"""
        raise TypeError(f"{type(self).__name__} does not define a mask")

    def bounds(self, grid: Grid) -> Bounds:
        """Keys visible to some query of this grid, and keys visible to all of them.

        The first may hold too many keys, the second too few: keys outside the first are left
        out of a block of queries, and for keys of the second the mask is not evaluated.
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
    """Conjunction: pairs visible in both masks."""

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
    """Disjunction: pairs visible in at least one of two masks."""

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
    """Negation: pairs that are not visible in a mask."""

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
    """Full (bidirectional) attention: every query attends to every key."""

    name = "full"

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, 1, 1]"""
        return np.ones((1, 1, 1), dtype=bool)

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return key_only_bounds(self, grid)


class Causal(Mask):
    """Causal mask: a query attends to its own position and earlier ones.

    With fewer queries than keys the queries are the last positions; with `align` "first", the
    first ones, for all parts of the mechanism (see `align_queries`).
    """

    name = "causal"
    choices: ClassVar = {"align": ("last", "first")}
    align: str = "last"

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return grid.k <= (grid.query_index if self.align == "first" else grid.q)

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return nested_bounds(self, grid)

    def __str__(self) -> str:
        return "causal" if self.align == "last" else f"causal({self.align})"


class Window(Mask):
    """Sliding window: keys at a distance below `window`; causal & window(3) leaves 3 keys."""

    name = "window"
    limits: ClassVar = {"window": (1, inf)}
    window: int = 4

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        return np.abs(grid.q - grid.k) < self.window

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        nearest, farthest = grid.distance_range
        return nearest < self.window, farthest < self.window


class Padding(Mask):
    """Padding mask: keys that are no padding tokens."""

    name = "padding"

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, 1, key]"""
        return grid.token_feature("pad")[1] == 0

    def bounds(self, grid: Grid) -> Bounds:
        """-> [key], [key]"""
        return key_only_bounds(self, grid)


class GivenMask(Mask, eq=False):
    """A mask passed as an array, True = visible.    array: broadcasts to [head, query, key]"""

    name = "given"
    array: BoolArray

    def __call__(self, grid: Grid) -> BoolArray:
        """-> broadcasts to [head, query, key]"""
        return np.asarray(grid.slice_array(self.array), dtype=bool)

    def __str__(self) -> str:
        return "given mask"


def align_queries(mask: Mask, grid: Grid) -> Grid:
    """The grid with its queries at the positions that the causal masks in `mask` state.

    All other parts take distances and positions from this grid.
    Raises MisuseError for causal masks that contradict each other.
    """
    alignments = {causal.align for causal in iter_parts(mask, Causal)}
    if grid.n_query >= grid.n_key or "first" not in alignments:
        return grid
    if len(alignments) > 1:
        raise MisuseError(
            f"the mask {str(mask)!r} places the {grid.n_query} queries both at the first and at "
            f"the last of {grid.n_key} keys; use causal(first) or causal, not both"
        )
    return replace(grid, starts_at_first=True)


def key_only_bounds(mask: Mask, grid: Grid) -> Bounds:
    """Bounds of a mask that depends on the key alone.    -> [key], [key]"""
    visible = np.broadcast_to(mask(grid), (1, 1, grid.k.size))[0, 0]
    return visible, visible


def nested_bounds(mask: Mask, grid: Grid) -> Bounds:
    """Bounds of a mask whose rows only gain keys from query to query.    -> [key], [key]"""
    return mask(grid.single_query(-1))[0, 0], mask(grid.single_query(0))[0, 0]


PARTS: tuple[type[Mask], ...] = (Full, Causal, Window, Padding)
