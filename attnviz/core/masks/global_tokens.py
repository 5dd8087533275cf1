"""Global masks: attention sinks, global tokens, random keys, prefix."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Bounds, Mask, key_only_bounds
from attnviz.core.seeded_random import draw_uniform


class Sinks(Mask):
    """Attention sinks (StreamingLLM): the first `sinks` keys.

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
        return key_only_bounds(self, grid)


class GlobalTokens(Mask):
    """Global tokens (Longformer): the first `globals` tokens, as queries and as keys.

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
        first, last = (self(grid.single_query(i))[0, 0] for i in (0, -1))
        return first, last  # no later query has more keys than the first


class RandomKeys(Mask):
    """Random keys (BigBird): `random` keys per head and query, drawn from `seed`.

    Paper: 2007.14062
    """

    name = "random"
    prefix_stable = False  # keys are drawn from the whole sequence
    tunable_aliases: ClassVar = {"drawing": "seed"}
    limits: ClassVar = {"random": (0, inf), "seed": (0, inf)}
    random: int = 2
    seed: int = 0

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [head, query, key]"""
        visible = np.zeros(grid.shape, dtype=bool)
        for head, query in np.ndindex(visible.shape[:2]):
            role = int(grid.h[head, 0, 0]), int(grid.query_index[0, query, 0])
            order = draw_uniform((grid.n_key,), self.seed, "random keys", *role).argsort()
            visible[head, query] = np.isin(grid.k[0, 0], order[: self.random])
        return visible


class Prefix(Mask):
    """Prefix LM: the first `prefix` keys, for every query; causal | prefix(3) is a prefix LM.

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
        return key_only_bounds(self, grid)


PARTS: tuple[type[Mask], ...] = (Sinks, GlobalTokens, RandomKeys, Prefix)
