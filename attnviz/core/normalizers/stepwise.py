"""Stepwise monotonic and forward attention: an alignment that stays or moves on by one key.

Each row depends on the one before it; before the first query, all weight is on the first key.
"""

from __future__ import annotations

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Piece, WeightPair, softmax_lines
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.normalizers import Normalizer
from attnviz.core.normalizers.monotonic import initial_weights, previous_row, previous_table
from attnviz.core.numerics import divide_by_row_sum, sigmoid, softmax
from attnviz.core.visibility import broadcast_visible


class StepwiseMonotonic(Normalizer):
    """Stepwise monotonic attention: at each query the alignment stays, or moves on by one key.

    Formula: α_ij = α_{i−1,j} p_ij + α_{i−1,j−1} (1−p_{i,j−1}), p = σ(S)
    Paper: 1906.00672 (equation 8; weight that moves beyond the last key is lost)
    """

    name = "stepwise"
    row_sum = "at most 1"
    row_local = False

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        shown = broadcast_visible(inputs, visible)
        stays = sigmoid(np.where(visible, logits, 0.0))
        weights, now = np.zeros_like(logits), initial_weights(logits)
        for i in range(logits.shape[1]):
            moved = shift_right(now * (1.0 - stays[:, i]))
            now = np.where(shown[:, i], now * stays[:, i] + moved, 0.0)
            weights[:, i] = now
        return weights

    def explain_lines(self, pair: WeightPair) -> Lines:
        """What stays at the key, and what moves on from the key before it."""
        before = previous_row(pair, pair.weights)
        pieces: tuple[Piece, ...] = (float(before[pair.key]), " × σ(", pair.logit, ")")
        if pair.key:
            visible = pair.visible[pair.head, pair.query, pair.key - 1]
            logit = float(pair.all_logits[pair.key - 1]) if visible else 0.0
            pieces += (" + ", float(before[pair.key - 1]), " × (1 − σ(", logit, "))")
        yield ArithmeticLine("weight", pieces, pair.weight, previous_table(pair, before))


class ForwardAttention(Normalizer):
    """Forward attention: softmax times the previous alignment and its shift by one, renormalized.

    Formula: α_ij ∝ (α_{i−1,j} + α_{i−1,j−1}) softmax(S_i)_j
    Paper: 1807.06736 (without its transition agent)
    """

    name = "forward"
    row_sum = "at most 1"  # 0 where the mask leaves none of these keys
    n_array = 3
    row_local = False

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        shares = softmax(logits, broadcast_visible(inputs, visible))
        weights, now = np.zeros_like(logits), initial_weights(logits)
        for i in range(logits.shape[1]):
            now = (now + shift_right(now)) * shares[:, i]
            now = divide_by_row_sum(now)
            weights[:, i] = now
        return weights

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The softmax, times the previous row and its shift by one, over the row sum."""
        *lines, share = softmax_lines(pair, ("logit", pair.row), label="softmax")
        yield from (*lines, share)
        before = previous_row(pair, pair.weights)
        moved = np.concatenate([[0.0], before[:-1]])
        weights = np.exp(pair.row - pair.row.max())
        shares = weights / weights.sum()
        rows = (
            ("α of the row before", before[pair.visible_keys]),
            ("α, shifted", moved[pair.visible_keys]),
            ("softmax(logit)", shares),
        )
        name = f"({rows[0][0]} + {rows[1][0]}) × {rows[2][0]}"
        mass = (before + moved)[pair.visible_keys] * shares
        total = float(mass.sum())
        table = pair.table(*rows, (name, mass))
        yield ArithmeticLine("row sum", (f"Σ ({name})",), total, table)
        pieces: tuple[Piece, ...] = (float(mass[pair.at]), " / ", total) if total else (0,)
        yield ArithmeticLine("weight", pieces, pair.weight)


def shift_right(weights: FloatArray) -> FloatArray:
    """The weights, shifted by one key; the last is dropped.    [head, key] -> [head, key]"""
    return np.concatenate([np.zeros_like(weights[:, :1]), weights[:, :-1]], axis=1)


PARTS: tuple[type[Normalizer], ...] = (StepwiseMonotonic, ForwardAttention)
