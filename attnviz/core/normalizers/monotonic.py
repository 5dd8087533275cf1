"""Expected monotonic attention, hard or over chunks: an alignment that moves to the right.

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
)
from attnviz.core.arithmetic.slots import softmax_sum_lines
from attnviz.core.arithmetic.worksheet import Worksheet, subscript
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import sigmoid, softmax
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
        weights = expected_stops(self.stops(logits, visible, inputs))
        return weights if self.chunk == 1 else self.spread_over_chunk(weights, visible, inputs)

    def stops(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """p, the probability that a scan stops at a key that it reaches.    [...] -> [...]"""
        energy = logits + inputs.param("b_monotonic")[:, None, None]
        return np.where(visible, sigmoid(np.where(visible, energy, 0.0)), 0.0)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The chance of arriving and of stopping at each key, and the chunks up to the stops"""
        bias = pair.learned("b", "b_monotonic")
        yield bias
        stops = self.stops(pair.logits, pair.visible, pair.inputs)
        alignments = pair.weights if self.chunk == 1 else expected_stops(stops)
        before = previous_row(pair, alignments)
        end = min(pair.key + (self.chunk or pair.all_logits.size), pair.all_logits.size)
        arriving, passed = 0.0, 0.0
        table: ArithmeticTable | None = previous_table(pair, before)
        for j, stop in enumerate(stops[pair.head, pair.query, :end].tolist()):
            start: tuple[Piece, ...] = (float(before[j]),)
            if j:
                start += (" + (1 − ", passed, ") × ", arriving)
                arriving *= 1.0 - passed
            arriving += float(before[j])
            yield ArithmeticLine(f"arrives at {j}", start, arriving, table)
            table, passed = None, stop
            pieces: tuple[Piece, ...] = (0, " (masked)")
            if pair.visible[pair.head, pair.query, j]:
                pieces = ("σ(", float(pair.all_logits[j]), " + ", bias.value, ")")
            yield ArithmeticLine(f"stops at {j}", pieces, stop)
            if self.chunk == 1 and j == pair.key:
                yield ArithmeticLine("weight", (stop, " × ", arriving), pair.weight)
            elif j >= pair.key:
                label = subscript("α", j)
                yield ArithmeticLine(label, (stop, " × ", arriving), stop * arriving)
        if self.chunk != 1:
            yield from self.chunk_lines(pair, range(pair.key, end))

    def chunk_lines(self, pair: WeightPair, ends: range) -> Lines:
        """The share of the key in each chunk that it is in, times the stops at its end"""
        shown, d = pair.visible[pair.head, pair.query], pair.q.size
        query, sheet, scores = pair.q @ pair.param("w_chunk"), Worksheet(), {}
        keys = [t for t in range(self.chunk_start(ends[0]), ends[-1] + 1) if shown[t]]
        sheet.row("qᵀW", query)
        for t in keys:
            sheet.row(subscript("k", t), pair.inputs.key[pair.head, t])
        for t in keys:
            scores[t] = float(query @ pair.inputs.key[pair.head, t] / np.sqrt(d))
            pieces: tuple[Piece, ...] = (f"Σ (qᵀW × {subscript('k', t)}) / √{d}",)
            yield sheet.line(subscript("u", t), pieces, scores[t])
        terms = []
        for end in ends:
            chunk = [t for t in keys if self.chunk_start(end) <= t <= end]
            total = yield from softmax_sum_lines({subscript("u", t): scores[t] for t in chunk})
            label, mass = subscript("share", end), total.mass(subscript("u", pair.key))
            peak = max(scores[t] for t in chunk) if total.shift else 0.0
            share = float(np.exp(scores[pair.key] - peak)) / total.value
            yield ArithmeticLine(label, (f"{mass} / ", total.value), share)
            terms.append(f"{subscript('α', end)} × {label}")
        yield ArithmeticLine("weight", (" + ".join(terms),), pair.weight)

    def chunk_start(self, end: int) -> int:
        """The first key of the chunk that ends at a key."""
        return max(0, end + 1 - self.chunk) if self.chunk else 0

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
            chunk = slice(self.chunk_start(k), k + 1)
            within = softmax(energy[..., chunk], shown[..., chunk])
            weights[..., chunk] += stops[..., k : k + 1] * within
        return weights


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


def previous_row(pair: WeightPair, weights: FloatArray) -> FloatArray:
    """The weights of the query before; before the first, all on the first key.

    Shapes: weights [head, query, key] -> [key]
    """
    if pair.query:
        row: FloatArray = weights[pair.head, pair.query - 1]
        return row
    return initial_weights(pair.logits)[pair.head]


def previous_table(pair: WeightPair, before: FloatArray) -> ArithmeticTable:
    """The weights of the query before, and the logits of this one.    [key] -> a table"""
    shown = np.ones(pair.all_logits.size, dtype=bool)
    logits = np.where(pair.visible[pair.head, pair.query], pair.all_logits, -np.inf)
    rows = (("α of the row before", before), ("logit", logits))
    return key_table(pair.columns, shown, *rows)


def initial_weights(logits: FloatArray) -> FloatArray:
    """All weight on the first key.    [head, query, key] -> [head, key]"""
    now = np.zeros((logits.shape[0], logits.shape[2]), dtype=logits.dtype)
    now[:, :1] = 1.0
    return now


PARTS = (Monotonic,)
