"""Sparse Sinkhorn attention: blocks attend to themselves and to one block of sorted keys."""

from __future__ import annotations

from math import inf, sqrt
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.mixers import Mixer
from attnviz.core.numerics import softmax
from attnviz.core.visibility import require_same_for_all, require_self_attention


class SortedBlocks(Mixer):
    """Sparse Sinkhorn attention: a soft permutation of blocks brings each block a distant one.

    Formula: R = Sinkhorn(relu(q̄_u·k̄_v/√d)^(1/temperature)) over blocks u and v, rows and columns
    divided by their sums in turn, columns last; the queries of block u attend to its own keys and
    to the keys k′_us = Σ_v R_uv k_vs, whose weight on slot s goes to token s of each block v by
    R_uv. q̄ and k̄ are the means of a block.
    Paper: 2002.11296 (with a network that sorts; this rule, without Gumbel noise, is that of the
    reference)
    """

    name = "sorted-blocks"
    formula = "softmax over own keys and Σ_v R_uv k_v"
    prefix_stable = False  # a block is sorted by its means
    limits: ClassVar = {"block": (1, inf), "rounds": (0, 10_000), "temperature": (1e-6, 1e6)}
    block: int = 2
    rounds: int = 7
    temperature: float = 0.75

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        require_self_attention(inputs, self.name)
        shown = require_same_for_all(inputs, visible, self.name)  # [head, key, 1]
        key = np.where(shown, inputs.key, 0.0)
        n_head, n_token, d = key.shape
        width = min(self.block, max(n_token, 1))
        n_block = -(-n_token // width)
        pad = ((0, 0), (0, n_block * width - n_token), (0, 0))
        query, key, shown = (np.pad(a, pad) for a in (inputs.query, key, shown))
        present = shown.reshape(n_head, n_block, width)
        blocks = key.reshape(n_head, n_block, width, d)
        order = self.order(query.reshape(blocks.shape), blocks, present)
        sorted_key = np.einsum("huv,hvsd->husd", order, blocks)
        both = np.concatenate([sorted_key, blocks], axis=2)  # [head, block, 2 width, d]
        slots = np.logical_or.reduce(present, axis=1, keepdims=True)  # [head, 1, width]
        seen = np.concatenate([np.broadcast_to(slots, present.shape), present], axis=2)
        scores = query.reshape(blocks.shape) @ both.swapaxes(-1, -2) / sqrt(d)
        local = softmax(scores, np.broadcast_to(seen[:, :, None], scores.shape))
        distant = np.einsum("huis,huv,hvs->huivs", local[..., :width], order, present)
        for u in range(n_block):
            distant[:, u, :, u] += local[:, u, :, width:]
        weights: FloatArray = distant.reshape(n_head, n_block * width, n_block * width)
        return weights[:, :n_token, :n_token]

    def order(self, query: FloatArray, key: FloatArray, present: BoolArray) -> FloatArray:
        """R, the share of each block in the sorted one.

        Shapes: [head, block, width, d], the same, [head, block, width] -> [head, block, block]
        """
        count = np.maximum(present.sum(-1), 1)[..., None]
        of_query = np.where(present[..., None], query, 0.0).sum(2) / count
        scores = of_query @ (key.sum(2) / count).swapaxes(1, 2) / sqrt(query.shape[-1])
        logs = np.log(np.maximum(scores, 0.0) + 1e-6) / self.temperature
        for _ in range(self.rounds):
            logs = logs - log_sum(logs, 2)
            logs = logs - log_sum(logs, 1)
        return np.exp(logs)


def log_sum(logs: FloatArray, axis: int) -> FloatArray:
    """log Σ exp over an axis, which stays.    [..., n] -> [..., 1]"""
    peak = logs.max(axis, keepdims=True)
    return peak + np.log(np.exp(logs - peak).sum(axis, keepdims=True))


PARTS = (SortedBlocks,)
