"""Native sparse attention (NSA): block means, selected blocks and a window, gated and added."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Normalizer
from attnviz.core.normalizers.key_selection import first_top_k_mask
from attnviz.core.numerics import sigmoid, softmax
from attnviz.core.visibility import broadcast_visible


class NativeSparse(Normalizer):
    """Native sparse attention (NSA): three branches, each with a gate per head and query.

    Formula: A = g_c A_c + g_s A_s + g_w A_w, g = σ(W x_i); A_c is the softmax over the mean
    scores of blocks that end before or at the query, shared by the keys of a block; A_s the
    softmax over the keys of the `top` blocks: the first, the query's own, the one before it, and
    the best of A_c; A_w the softmax over the last `window` keys
    Paper: 2502.11089 (where an MLP compresses a block; the mean is that of the reference)
    """

    name = "native-sparse"
    row_sum = "any"
    key_local = False  # a block is complete whatever its keys
    limits: ClassVar = {"block": (1, inf), "top": (1, inf), "window": (1, inf)}
    block: int = 2
    top: int = 4
    window: int = 3

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [3, d_model]: compressed, selected, window"""
        return {"w_branches": (3, sizes.d_model)}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        grid = inputs.grid
        shown = broadcast_visible(inputs, visible) & (grid.k <= grid.q) & (logits > -np.inf)
        gates = sigmoid(inputs.project("w_branches", inputs.query_source))[..., None, :]
        block_of_key = np.arange(grid.n_key) // self.block
        compressed, n_shown = self.compressed(np.where(shown, logits, 0.0), shown, inputs)
        share = np.divide(compressed, n_shown, out=np.zeros_like(compressed), where=n_shown > 0)
        weights = gates[..., 0] * np.where(shown, share[..., block_of_key], 0.0)
        selected = self.selected(compressed, n_shown, inputs)[..., block_of_key]
        weights += gates[..., 1] * softmax(logits, shown & selected)
        near = grid.q - grid.k < self.window
        return weights + gates[..., 2] * softmax(logits, shown & near)

    def compressed(
        self, logits: FloatArray, shown: BoolArray, inputs: Inputs
    ) -> tuple[FloatArray, FloatArray]:
        """Weights of complete blocks, and the number of visible keys of each.

        Shapes: [head, query, key], [head, query, key] -> [head, query, block], the same
        """
        starts = np.arange(0, inputs.grid.n_key, self.block)
        n_shown = np.add.reduceat(shown, starts, axis=-1, dtype=logits.dtype)
        scores = np.add.reduceat(logits, starts, axis=-1) / np.maximum(n_shown, 1.0)
        complete = starts + self.block - 1 <= inputs.grid.q
        return softmax(scores, complete & (n_shown > 0)), n_shown

    def selected(self, compressed: FloatArray, n_shown: FloatArray, inputs: Inputs) -> BoolArray:
        """The selected blocks, of equal weights the first.    -> [head, query, block]"""
        blocks = np.arange(compressed.shape[-1])
        own = inputs.grid.q // self.block
        forced = (blocks == 0) | (blocks == own) | (blocks == own - 1)
        scores = np.where(forced, 2.0, compressed)  # above every weight
        return first_top_k_mask(scores, (blocks <= own) & (n_shown > 0), self.top)


PARTS: tuple[type[Normalizer], ...] = (NativeSparse,)
