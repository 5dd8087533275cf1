"""Orders: before and after, where tokens are not written from left to right."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Mask
from attnviz.core.seeded_random import draw


class Permuted(Mask):
    """Tokens come in a shuffled order and see those that came before; `drawing` is which.

    Paper: 1906.08237 (XLNet's content stream)
    """

    name = "permuted"
    limits: ClassVar = {"drawing": (0, inf)}
    drawing: int = 0

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        longest = max(grid.n_key, int(grid.q.max(initial=0)) + 1)
        turns = draw((longest,), self.drawing, "order of tokens")
        return turns[grid.k] <= turns[grid.q]


class Branch(Mask):
    """Tokens form a tree with `branches` children each; a token sees itself and its ancestors.

    Paper: 2305.09781 (guesses that are checked together)
    """

    name = "branch"
    limits: ClassVar = {"branches": (1, inf)}
    branches: int = 2

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        above = np.broadcast_to(grid.q, (1, *grid.shape[1:])).copy()
        while (late := above > grid.k).any():
            above[late] = (above[late] - 1) // self.branches
        return above == grid.k


class BlockDiffusion(Mask):
    """The first half of the sequence is noise to be cleaned, the second the same text, clean.

    Noise sees its own block of noise and earlier blocks of text; text sees text up to its own
    block. An odd last token belongs to the text.
    Paper: 2503.09573
    """

    name = "block-diffusion"
    prefix_stable = False  # where the text begins depends on the length
    limits: ClassVar = {"block": (1, inf)}
    block: int = 2

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        half = grid.n_key // 2
        noisy_query, noisy_key = grid.q < half, grid.k < half
        of_query = np.where(noisy_query, grid.q, grid.q - half) // self.block
        of_key = np.where(noisy_key, grid.k, grid.k - half) // self.block
        own_noise = noisy_key & (of_key == of_query)
        text_before = ~noisy_key & (of_key < of_query)
        text_so_far = ~noisy_key & (of_key <= of_query)
        return np.where(noisy_query, own_noise | text_before, text_so_far)


PARTS: tuple[type[Mask], ...] = (Permuted, Branch, BlockDiffusion)
