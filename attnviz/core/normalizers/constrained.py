"""Normalizers with upper bounds per key: k-subsets, constrained sparsemax, constrained softmax."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import SAFE_LOGIT, ArithmeticLine, Lines, Piece, WeightPair
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.normalizers import Normalizer
from attnviz.core.normalizers.sparsemax_entmax import bisect_threshold, mask_and_center
from attnviz.core.numerics import softmax

BELOW = 1.0 - 1e-9  # of its bound: a weight that is not at the bound


class Budget(Normalizer):
    """Projection onto k-subsets: a row sums to `budget`, each weight at most 1.

    Formula: min(max(S - τ, 0), 1), with τ such that the row sums to `budget`; where fewer
    keys are visible, each has weight 1
    Paper: 2402.13725 (k-subsets)
    """

    name = "budget"
    row_sum = "any"
    limits: ClassVar = {"budget": (1e-6, inf)}
    budget: float = 2.0

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        return project_capped_simplex(
            mask_and_center(logits, visible), np.ones_like(logits), self.budget
        )

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The threshold τ, and the score above it, at most 1."""
        yield from capped_lines(pair, np.ones(pair.row.size))


class FertilityConstrained(Normalizer):
    """A normalizer that bounds the total weight of each key over all queries by `fertility`.

    Queries are normalized in order. Where the keys together have less than 1 left, a row takes
    all of it.
    """

    row_sum = "at most 1"
    row_local = False
    n_array = 3
    fertility: float

    def normalize_row(self, scores: FloatArray, left: FloatArray) -> FloatArray:
        """One row, given the bound left to each key.    [head, key], [head, key] -> [head, key]"""
        raise TypeError(f"{type(self).__name__} does not define normalize_row")

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        scores = mask_and_center(logits, visible)
        weights = np.zeros_like(scores)
        left = np.full_like(scores[:, 0], self.fertility)
        for i in range(scores.shape[1]):
            weights[:, i] = self.normalize_row(scores[:, i], left)
            left = np.maximum(left - weights[:, i], 0.0)
        return weights

    def bound_line(self, pair: WeightPair) -> tuple[FloatArray, ArithmeticLine]:
        """What earlier queries leave of the bound of each key, u.    -> [visible key], a line"""
        rows = [
            (f"weights of query {i}", pair.weights[pair.head, i][pair.visible_keys])
            for i in range(pair.query)
        ]
        left = np.maximum(self.fertility - sum(row for _, row in rows), 0.0)
        left = np.broadcast_to(left, pair.row.shape)
        name = " − ".join([f"{self.fertility:.6g}", *(name for name, _ in rows)])
        table = pair.table(*rows, (f"u = max({name}, 0)", left))
        taken = [piece for _, row in rows for piece in (" − ", float(row[pair.at]))]
        pieces = ("max(", self.fertility, *taken, ", 0)")
        return left, ArithmeticLine("u of the key", pieces, float(left[pair.at]), table)


class ConstrainedSparsemax(FertilityConstrained):
    """Constrained sparsemax: each key has at most `fertility` over all queries.

    Formula: min(max(S_i - τ, 0), u_i), u_i = fertility - Σ_(l<i) a_l, with τ such that the
    row sums to 1
    Paper: 1805.08241
    """

    name = "constrained-sparsemax"
    aliases = ("fertile-sparsemax",)
    limits: ClassVar = {"fertility": (0.0, inf)}
    fertility: float = 1.0

    def normalize_row(self, scores: FloatArray, left: FloatArray) -> FloatArray:
        """[head, key], [head, key] -> [head, key]"""
        return project_capped_simplex(scores, left, 1.0)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The bound u that earlier queries leave, the threshold τ, and the score above it."""
        left, line = self.bound_line(pair)
        yield line
        yield from capped_lines(pair, left)


class ConstrainedSoftmax(FertilityConstrained):
    """Constrained softmax: each key has at most `fertility` over all queries.

    Formula: min(exp(S_i) / Z, u_i), u_i = fertility - Σ_(l<i) a_l, with Z such that the row
    sums to 1
    Paper: Martins and Kreutzer, 2017
    """

    name = "constrained-softmax"
    aliases = ("fertile-softmax",)
    limits: ClassVar = {"fertility": (0.0, inf)}
    fertility: float = 1.0

    def normalize_row(self, scores: FloatArray, left: FloatArray) -> FloatArray:
        """[head, key], [head, key] -> [head, key]"""
        visible = ~np.isneginf(scores)
        full = np.zeros_like(visible)
        while True:  # at least one more key reaches its bound each time
            rest = np.maximum(1.0 - np.where(full, left, 0.0).sum(-1, keepdims=True), 0.0)
            weights = np.where(full, left, rest * softmax(scores, visible & ~full))
            over = weights > left
            if not over.any():
                return weights
            full |= over

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The bound u that earlier queries leave, the divisor Z, and the quotient, at most u."""
        left, line = self.bound_line(pair)
        yield line
        weights = pair.weights[pair.head, pair.query][pair.visible_keys]
        peak, exponent = 0.0, "logit"
        if np.abs(pair.row).max() > SAFE_LOGIT:
            peak, exponent = float(pair.row.max()), "logit − max"
            yield ArithmeticLine("max", ("max(logit)",), peak, pair.table(("logit", pair.row)))
        mass = np.exp(pair.row - peak)
        below = (weights > 0) & (weights < left * BELOW)
        bounds = np.divide(mass, left, out=np.full(left.shape, np.inf), where=left > 0)
        divisor = float((mass[below] / weights[below])[0] if below.any() else bounds.min())
        divisor = divisor if 0.0 < divisor < inf else 1.0
        name, capped = f"min(exp({exponent}) / Z, u)", np.minimum(mass / divisor, left)
        yield ArithmeticLine("Z", ("chosen for the row sum below",), divisor)
        table = pair.table(("logit", pair.row), ("u", left), (name, capped))
        yield ArithmeticLine("row sum", (f"Σ {name}",), float(capped.sum()), table)
        shift: tuple[Piece, ...] = (" − ", peak) if exponent != "logit" else ()
        pieces = ("min(exp(", pair.logit, *shift, ") / ", divisor, ", ", float(left[pair.at]), ")")
        yield ArithmeticLine("weight", pieces, pair.weight)


def capped_lines(pair: WeightPair, upper: FloatArray) -> Lines:
    """min(max(S − τ, 0), u) and its row sum, u the upper bounds.    upper [visible key]"""
    weights = pair.weights[pair.head, pair.query][pair.visible_keys]
    between = (weights > 0) & (weights < upper * BELOW)
    tau = float((pair.row - weights)[between].mean()) if between.any() else 0.0
    if not between.any():  # all keys are at a bound: any threshold between them will do
        zero, full = pair.row[(weights == 0) & (upper > 0)], (pair.row - upper)[weights > 0]
        tau = float(min(full, default=0.0) if not zero.size else max(zero))
    one = bool((upper == 1.0).all())
    name = f"min(max(logit − τ, 0), {'1' if one else 'u'})"
    mass = np.minimum(np.maximum(pair.row - tau, 0.0), upper)
    yield ArithmeticLine("τ", ("chosen for the row sum below",), tau)
    bounds = () if one else (("u", upper),)
    table = pair.table(("logit", pair.row), *bounds, (name, mass))
    yield ArithmeticLine("row sum", (f"Σ {name}",), float(mass.sum()), table)
    bound = float(upper[pair.at])
    pieces = ("min(max(", pair.logit, " − ", tau, ", 0), ", bound, ")")
    yield ArithmeticLine("weight", pieces, pair.weight)


def project_capped_simplex(scores: FloatArray, upper: FloatArray, total: float) -> FloatArray:
    """min(max(S - τ, 0), upper), with τ such that the row sums to `total`, or all of `upper`.

    Shapes: [..., key], -inf where masked, [..., key] -> [..., key]
    """
    visible = ~np.isneginf(scores)
    upper = np.where(visible, upper, 0.0)
    scores = np.where(visible, scores, 0.0)

    low = (scores - upper).min(-1, keepdims=True, initial=0.0)
    level = bisect_threshold(
        lambda tau: np.clip(scores - tau, 0.0, upper).sum(-1, keepdims=True),
        low,
        np.zeros_like(low),
        total,
    )
    # The keys at their upper bound are known now. The others are computed relative to the largest
    # of them: far below the row's maximum, differences from it would lose their digits.
    full = scores - level >= upper
    between = ~full & (scores > level)
    peak = np.where(between, scores, -np.inf).max(-1, keepdims=True, initial=-np.inf)
    below = np.where(between, scores - np.where(np.isneginf(peak), 0.0, peak), 0.0)
    rest = total - np.where(full, upper, 0.0).sum(-1, keepdims=True)
    n_between = np.maximum(between.sum(-1, keepdims=True), 1)
    weights = below + (rest - below.sum(-1, keepdims=True)) / n_between
    return np.where(full, upper, np.where(between, np.clip(weights, 0.0, upper), 0.0))


PARTS: tuple[type[Normalizer], ...] = (Budget, ConstrainedSparsemax, ConstrainedSoftmax)
