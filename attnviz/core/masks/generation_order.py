"""Masks for generation orders other than left to right: permuted, tree, block diffusion."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.grid import Grid
from attnviz.core.masks import Mask
from attnviz.core.seeded_random import draw_uniform


class Permutation(Mask):
    """Permutation language modeling: keys up to the query in an order drawn from `seed`.

    Paper: 1906.08237 (the content stream of XLNet)
    """

    name = "permutation"
    aliases = ("permuted",)
    tunable_aliases: ClassVar = {"drawing": "seed"}
    limits: ClassVar = {"seed": (0, inf)}
    seed: int = 0

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        n_position = max(grid.n_key, int(grid.q.max(initial=0)) + 1)
        order = draw_uniform((n_position,), self.seed, "order of tokens")
        return order[grid.k] <= order[grid.q]


class TokenTree(Mask):
    """Tree attention: tokens form a tree of `branches` children each; keys are ancestors.

    The parent of position i is ⌊(i - 1) / branches⌋; a token attends to itself and its
    ancestors, as in speculative decoding of a token tree.
    Paper: 2305.09781 (SpecInfer)
    """

    name = "tree"
    aliases = ("branch",)
    limits: ClassVar = {"branches": (1, inf)}
    branches: int = 2

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        ancestor = np.broadcast_to(grid.q, (1, *grid.shape[1:])).copy()
        while (later := ancestor > grid.k).any():
            ancestor[later] = (ancestor[later] - 1) // self.branches
        return ancestor == grid.k


class BlockDiffusion(Mask):
    """Block diffusion training mask: noisy tokens, then the same tokens clean, in blocks.

    A noisy token attends to its own noisy block and to earlier clean blocks, a clean token to
    clean blocks up to its own. The first half of the sequence, rounded down, is noisy.
    Paper: 2503.09573
    """

    name = "block-diffusion"
    prefix_stable = False  # where the clean half begins depends on the length
    limits: ClassVar = {"block": (1, inf)}
    block: int = 2

    def __call__(self, grid: Grid) -> BoolArray:
        """-> [1, query, key]"""
        half = grid.n_key // 2
        noisy_query, noisy_key = grid.q < half, grid.k < half
        of_query = np.where(noisy_query, grid.q, grid.q - half) // self.block
        of_key = np.where(noisy_key, grid.k, grid.k - half) // self.block
        noisy_block = noisy_key & (of_key == of_query)
        clean_before = ~noisy_key & (of_key < of_query)
        clean_so_far = ~noisy_key & (of_key <= of_query)
        return np.where(noisy_query, noisy_block | clean_before, clean_so_far)


PARTS: tuple[type[Mask], ...] = (Permutation, TokenTree, BlockDiffusion)
