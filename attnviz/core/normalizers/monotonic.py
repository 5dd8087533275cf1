"""Monotonic attention: the alignment moves over the keys from left to right.

Each row depends on the one before it. The energies of the papers are the logits; before the
first query, all weight is on the first key.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import (
    ArithmeticLine,
    ArithmeticTable,
    Lines,
    Piece,
    WeightPair,
    key_table,
    softmax_lines,
)
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import divide_by_row_sum, sigmoid, softmax
from attnviz.core.visibility import broadcast_visible, visible_to_any


class Monotonic(Normalizer):
    """Expected monotonic attention: a scan that stops at each key with probability p.

    Formula: α_ij = p_ij Σ_{k≤j} α_{i−1,k} Π_{k≤l<j} (1−p_il), p = σ(S + b), b learned;
    with a `chunk` of more than one key, or 0 for all, a softmax over the keys up to the stop:
    Σ_{k≥j} α_ik softmax_l(u_i)_j over the last `chunk` keys l ≤ k, u = qᵀWk/√d
    Paper: 1704.00784, 1712.05382 (MoChA, chunks), 1906.05218 (MILk, all); the expectation used
    in training, so that a scan that never stops has no weight
    """

    name = "monotonic"
    row_sum = "at most 1"
    row_local = False
    limits: ClassVar = {"chunk": (0, 65536)}
    chunk: int = 1

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """b [], and for chunks W [d, d]"""
        shapes: dict[str, Shape] = {"b_monotonic": ()}
        return shapes if self.chunk == 1 else shapes | {"w_chunk": (sizes.d, sizes.d)}

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """b = -4: before training, most scans go past most keys"""
        del sizes
        return {"b_monotonic": Initial(-4.0)}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        energy = logits + inputs.param("b_monotonic")[:, None, None]
        stops = np.where(visible, sigmoid(np.where(visible, energy, 0.0)), 0.0)
        weights = expected_stops(stops)
        return weights if self.chunk == 1 else self.spread_over_chunk(weights, visible, inputs)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The chance of stopping at each key, and of arriving at the key from the one before."""
        if self.chunk != 1:
            yield from super().explain_lines(pair)
            return
        bias = pair.learned("b", "b_monotonic")
        yield bias
        shown, logits = pair.visible[pair.head, pair.query], pair.all_logits
        stops = np.where(shown, sigmoid(np.where(shown, logits, 0.0) + bias.value), 0.0)
        arriving, before, table = 0.0, previous_row(pair), previous_table(pair)
        for j in range(pair.key + 1):
            start: tuple[Piece, ...] = (float(before[j]),)
            if j:
                start += (" + (1 − ", float(stops[j - 1]), ") × ", arriving)
                arriving *= 1.0 - float(stops[j - 1])
            arriving += float(before[j])
            yield ArithmeticLine(f"arrives at {j}", start, arriving, table)
            table = None
            stop = (
                ("σ(", float(logits[j]), " + ", bias.value, ")") if shown[j] else (0, " (masked)")
            )
            yield ArithmeticLine(f"stops at {j}", stop, float(stops[j]))
        yield ArithmeticLine("weight", (float(stops[pair.key]), " × ", arriving), pair.weight)

    def spread_over_chunk(
        self, stops: FloatArray, visible: BoolArray, inputs: Inputs
    ) -> FloatArray:
        """A softmax over the chunk of keys that ends at each stop.    -> [head, query, key]"""
        shown = broadcast_visible(inputs, visible)
        key = np.where(visible_to_any(shown).swapaxes(1, 2), inputs.key, 0.0)  # others may be NaN
        query = inputs.query @ inputs.param("w_chunk") / np.sqrt(key.shape[-1])
        energy = query @ key.swapaxes(1, 2)
        weights = np.zeros_like(stops)
        for k in range(stops.shape[-1]):
            chunk = slice(max(0, k + 1 - self.chunk) if self.chunk else 0, k + 1)
            within = softmax(energy[..., chunk], shown[..., chunk])
            weights[..., chunk] += stops[..., k : k + 1] * within
        return weights


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
        before = previous_row(pair)
        pieces: tuple[Piece, ...] = (float(before[pair.key]), " × σ(", pair.logit, ")")
        if pair.key:
            visible = pair.visible[pair.head, pair.query, pair.key - 1]
            logit = float(pair.all_logits[pair.key - 1]) if visible else 0.0
            pieces += (" + ", float(before[pair.key - 1]), " × (1 − σ(", logit, "))")
        yield ArithmeticLine("weight", pieces, pair.weight, previous_table(pair))


class ForwardAttention(Normalizer):
    """Forward attention: softmax times the previous alignment and its shift by one, renormalized.

    Formula: α_ij ∝ (α_{i−1,j} + α_{i−1,j−1}) softmax(S_i)_j
    Paper: 1807.06736 (without its transition agent)
    """

    name = "forward"
    row_sum = "at most 1"  # 0 where the mask leaves none of these keys
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
        before = previous_row(pair)
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


def expected_stops(stops: FloatArray) -> FloatArray:
    """Expected alignments: the distribution of stops, each scan starting at the previous stop.

    All pairs with the same i + j are computed at once: each needs its left and its upper one.
    Shapes: [head, query, key] -> [head, query, key]
    """
    n_head, n_query, n_key = stops.shape
    weights = np.zeros((n_head, n_query + 1, n_key + 1), dtype=stops.dtype)
    passing = np.zeros_like(weights)  # probability of going past each key; 0 at the edge
    weights[:, 0, 1:2] = 1.0
    for diagonal in range(n_query + n_key - 1):
        i = np.arange(max(0, diagonal - n_key + 1), min(diagonal + 1, n_query))
        j = diagonal - i
        arriving = weights[:, i, j + 1] + passing[:, i + 1, j]
        weights[:, i + 1, j + 1] = arriving * stops[:, i, j]
        passing[:, i + 1, j + 1] = arriving * (1.0 - stops[:, i, j])
    return weights[:, 1:, 1:]


def previous_row(pair: WeightPair) -> FloatArray:
    """The weights of the query before; before the first, all on the first key.    -> [key]"""
    if pair.query:
        row: FloatArray = pair.weights[pair.head, pair.query - 1]
        return row
    return initial_weights(pair.logits)[pair.head]


def previous_table(pair: WeightPair) -> ArithmeticTable | None:
    """The weights of the query before, and the logits of this one."""
    shown = np.ones(pair.all_logits.size, dtype=bool)
    logits = np.where(pair.visible[pair.head, pair.query], pair.all_logits, -np.inf)
    rows = (("α of the row before", previous_row(pair)), ("logit", logits))
    return key_table(pair.columns, shown, *rows)


def initial_weights(logits: FloatArray) -> FloatArray:
    """All weight on the first key.    [head, query, key] -> [head, key]"""
    now = np.zeros((logits.shape[0], logits.shape[2]), dtype=logits.dtype)
    now[:, :1] = 1.0
    return now


def shift_right(weights: FloatArray) -> FloatArray:
    """The weights, shifted by one key; the last is dropped.    [head, key] -> [head, key]"""
    return np.concatenate([np.zeros_like(weights[:, :1]), weights[:, :-1]], axis=1)


PARTS = (Monotonic, StepwiseMonotonic, ForwardAttention)
