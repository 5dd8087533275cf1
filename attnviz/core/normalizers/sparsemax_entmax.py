"""Projections: the nearest point of the simplex, so that weak keys get exactly nothing."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.normalizers import Line, Normalize
from attnviz.core.numerics import below_peak, share_of_sum, softmax
from attnviz.core.part import Inputs

HALVINGS = 64  # of an interval no wider than 1: beyond a float's last digit


class Sparsemax(Normalize):
    """The nearest distribution to the scores, in the plain distance.

    Formula: max(S / (1 - sparsity) - τ, 0), with τ such that the row sums to 1
    Paper: 1602.02068; with `sparsity` above or below 0 1810.11975 (sparsegen-lin)
    """

    name = "sparsemax"
    limits: ClassVar = {"sparsity": (-inf, 1.0 - 1e-6)}
    sparsity: float = 0.0

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        return sparsemax(below_best(logits, visible) / (1.0 - self.sparsity))

    def lines(self, logits: FloatArray, weights: FloatArray, key: int) -> tuple[Line, ...]:
        """The level, and how far the score is above it."""
        return level_lines(logits / (1.0 - self.sparsity), weights, key, 1.0)


class Entmax(Normalize):
    """Between softmax (alpha 1) and sparsemax (alpha 2).

    Formula: max((alpha-1) S - τ, 0)^(1/(alpha-1)), with τ such that the row sums to 1;
    within a millionth of 1 it is softmax
    Paper: 1905.05702, 1909.00015
    """

    name = "entmax"
    aliases = ("entmax15",)
    limits: ClassVar = {"alpha": (1.0, 2.0)}
    alpha: float = 1.5

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        power = self.alpha - 1.0
        if power < 1e-6:
            return softmax(logits, visible)
        return risen(power * below_best(logits, visible), 1.0 / power)

    def lines(self, logits: FloatArray, weights: FloatArray, key: int) -> tuple[Line, ...]:
        """The level, and how far the score is above it."""
        power = self.alpha - 1.0
        if power < 1e-6:
            return super().lines(logits, weights, key)
        return level_lines(power * logits, weights, key, 1.0 / power)


class Normmax(Normalize):
    """Like entmax, with the norm of the row in place of its entropy.

    Formula: the p that maximizes Σ pS - ‖p‖_alpha over distributions
    """

    name = "normmax"
    limits: ClassVar = {"alpha": (1.001, 2.0)}
    alpha: float = 2.0

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        # (p/‖p‖)^alpha sums to 1, and is a power of how far a score is above the level.
        powers = risen(below_best(logits, visible), self.alpha / (self.alpha - 1.0))
        return shares(powers ** (1.0 / self.alpha))


def level_lines(
    scores: FloatArray, weights: FloatArray, key: int, power: float
) -> tuple[Line, ...]:
    """How a weight rises above the level that the best key of its row tells.

    Shapes: [key], [key] -> lines
    """
    best = int(weights.argmax())
    level = float(scores[best] - weights[best] ** (1.0 / power))
    risen = f"max({scores[key]:.6g} − {level:.6g}, 0)" + (f"^{power:.6g}" if power != 1.0 else "")
    return (
        Line("level", "such that the row sums to 1", level),
        Line("weight", risen, float(weights[key])),
    )


def sparsemax(scores: FloatArray) -> FloatArray:
    """max(S - τ, 0), with τ such that the row sums to 1; rows of -inf alone are zero.

    Shapes: [..., key], 0 where a row is best, -inf where hidden -> [..., key]
    """
    ranked = -np.sort(-np.maximum(scores, -2.0), axis=-1)  # 1 below the best is out already
    excess = np.cumsum(ranked, axis=-1) - 1.0
    count = np.arange(1, ranked.shape[-1] + 1)
    inside = np.maximum((count * ranked > excess).sum(-1, keepdims=True), 1)
    level = np.take_along_axis(excess, inside - 1, -1) / inside
    return np.where(np.isneginf(scores), 0.0, np.maximum(scores - level, 0.0))


def risen(scores: FloatArray, power: float) -> FloatArray:
    """max(S - τ, 0)^power, with τ such that the row sums to 1; rows of -inf alone are zero.

    Shapes: [..., key], 0 where a row is best, -inf where hidden -> [..., key]
    """
    kept = np.maximum(scores, -2.0)
    edge = np.ones_like(kept[..., :1])  # the level is between -1 and -(1/n)^(1/power)
    level = where_spent(
        lambda at: (np.maximum(kept - at, 0.0) ** power).sum(-1, keepdims=True),
        low=-edge,
        high=-edge * float(max(kept.shape[-1], 1)) ** (-1.0 / power),
    )
    return shares(np.where(np.isneginf(scores), 0.0, np.maximum(kept - level, 0.0) ** power))


def where_spent(
    spent: Callable[[FloatArray], FloatArray],
    low: FloatArray,
    high: FloatArray,
    total: float = 1.0,
) -> FloatArray:
    """The level between two at which what is spent falls to `total`.    [..., 1] -> [..., 1]"""
    for _ in range(HALVINGS):
        middle = low + (high - low) / 2.0
        much = spent(middle) >= total
        low, high = np.where(much, middle, low), np.where(much, high, middle)
    return low


def below_best(logits: FloatArray, visible: BoolArray) -> FloatArray:
    """How far each score is below the best of its row; -inf where hidden.

    Shapes: [..., key], [..., key] -> [..., key]
    """
    return below_peak(np.where(visible, logits, -np.inf))


def shares(mass: FloatArray) -> FloatArray:
    """Each row, divided by its sum; rows of zeros stay.    [..., key] -> [..., key]"""
    return share_of_sum(mass)


PARTS: tuple[type[Normalize], ...] = (Sparsemax, Entmax, Normmax)
