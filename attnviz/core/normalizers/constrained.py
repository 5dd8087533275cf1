"""Budgets: a key can be given no more than so much."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.normalizers import Normalize
from attnviz.core.normalizers.sparsemax_entmax import below_best, where_spent
from attnviz.core.numerics import softmax
from attnviz.core.part import Inputs


class Budget(Normalize):
    """A row spends `budget` keys' worth of weight, at most 1 on each key.

    Formula: min(max(S - τ, 0), 1), with τ such that the row sums to `budget`; where fewer
    keys are seen, each has weight 1
    """

    name = "budget"
    row_sum = "any"
    limits: ClassVar = {"budget": (1e-6, inf)}
    budget: float = 2.0

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        return capped(below_best(logits, visible), np.ones_like(logits), self.budget)


class Fertile(Normalize):
    """Each key has `fertility` to give away over all queries, first come, first served.

    Where the keys have less than 1 left, a row takes it all.
    """

    row_sum = "at most 1"
    row_local = False
    fertility: float

    def shared(self, scores: FloatArray, left: FloatArray) -> FloatArray:
        """One row, given what each key has left.    [head, key], [head, key] -> [head, key]"""
        raise TypeError(f"{type(self).__name__} does not say how it shares")

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        scores = below_best(logits, visible)
        weights = np.zeros_like(scores)
        left = np.full_like(scores[:, 0], self.fertility)
        for i in range(scores.shape[1]):
            weights[:, i] = self.shared(scores[:, i], left)
            left = np.maximum(left - weights[:, i], 0.0)
        return weights


class FertileSparsemax(Fertile):
    """Sparsemax that gives no key more than it has left.

    Formula: min(max(S_i - τ, 0), u_i), u_i = fertility - Σ_(l<i) a_l, with τ such that the
    row sums to 1
    Paper: 1805.08241 (constrained sparsemax)
    """

    name = "fertile-sparsemax"
    limits: ClassVar = {"fertility": (0.0, inf)}
    fertility: float = 1.0

    def shared(self, scores: FloatArray, left: FloatArray) -> FloatArray:
        """[head, key], [head, key] -> [head, key]"""
        return capped(scores, left, 1.0)


class FertileSoftmax(Fertile):
    """Softmax that gives no key more than it has left; the others share what remains.

    Formula: min(exp(S_i) / Z, u_i), u_i = fertility - Σ_(l<i) a_l, with Z such that the row
    sums to 1
    Paper: Martins and Kreutzer, 2017 (constrained softmax)
    """

    name = "fertile-softmax"
    limits: ClassVar = {"fertility": (0.0, inf)}
    fertility: float = 1.0

    def shared(self, scores: FloatArray, left: FloatArray) -> FloatArray:
        """[head, key], [head, key] -> [head, key]"""
        seen = ~np.isneginf(scores)
        full = np.zeros_like(seen)
        while True:  # at least one more key is full each time
            rest = np.maximum(1.0 - np.where(full, left, 0.0).sum(-1, keepdims=True), 0.0)
            weights = np.where(full, left, rest * softmax(scores, seen & ~full))
            over = weights > left
            if not over.any():
                return weights
            full |= over


def capped(scores: FloatArray, most: FloatArray, total: float) -> FloatArray:
    """min(max(S - τ, 0), most), with τ such that the row sums to `total`, or all of `most`.

    Shapes: [..., key], -inf where hidden, [..., key] -> [..., key]
    """
    seen = ~np.isneginf(scores)
    most = np.where(seen, most, 0.0)
    scores = np.where(seen, scores, 0.0)

    low = (scores - most).min(-1, keepdims=True, initial=0.0)
    level = where_spent(
        lambda at: np.clip(scores - at, 0.0, most).sum(-1, keepdims=True),
        low,
        np.zeros_like(low),
        total,
    )
    # Which keys get all they can is known now. The rest is shared by those in between, counted
    # from the best of them: far below the row's best, differences would lose their digits.
    full = scores - level >= most
    between = ~full & (scores > level)
    best = np.where(between, scores, -np.inf).max(-1, keepdims=True, initial=-np.inf)
    below = np.where(between, scores - np.where(np.isneginf(best), 0.0, best), 0.0)
    rest = total - np.where(full, most, 0.0).sum(-1, keepdims=True)
    number = np.maximum(between.sum(-1, keepdims=True), 1)
    shared = below + (rest - below.sum(-1, keepdims=True)) / number
    return np.where(full, most, np.where(between, np.clip(shared, 0.0, most), 0.0))


PARTS: tuple[type[Normalize], ...] = (Budget, FertileSparsemax, FertileSoftmax)
