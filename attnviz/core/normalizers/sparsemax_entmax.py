"""Sparse alternatives to softmax: sparsemax, sparsegen, entmax, normmax."""

from __future__ import annotations

from collections.abc import Callable
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Piece, Rows, WeightPair, softmax_lines
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import divide_by_row_sum, softmax, subtract_row_max

BISECTIONS = 64  # of an interval no wider than 1: beyond the precision of a float


class Sparsemax(Normalizer):
    """Sparsemax: Euclidean projection of the scores onto the simplex.

    Formula: max(S / (1 - sparsity) - τ, 0), with τ such that the row sums to 1
    Paper: 1602.02068; with `sparsity` above or below 0 1810.11975 (sparsegen-lin)
    """

    name = "sparsemax"
    limits: ClassVar = {"sparsity": (-inf, 1.0 - 1e-6)}
    sparsity: float = 0.0

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        return sparsemax(mask_and_center(logits, visible) / (1.0 - self.sparsity))

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The support, the threshold τ, and the score above it."""
        name, scores = "logit", pair.row
        if self.sparsity:
            name = f"logit / (1 − {self.sparsity:.6g})"
            scores = scores / (1.0 - self.sparsity)
        tau = float(scores.max() - pair.weights[pair.head, pair.query].max())
        support = int((scores > tau).sum())
        table = pair.table(*(() if name == "logit" else (("logit", pair.row),)), (name, scores))
        kept = ("largest(", support, f", {name})")
        total = float(np.sort(scores)[-support:].sum())
        yield ArithmeticLine("support", ("number of keys above τ",), float(support), table)
        yield ArithmeticLine("their sum", ("Σ ", *kept), total)
        yield ArithmeticLine("τ", ("(", total, " − 1) / ", support), tau)
        pieces = ("max(", float(scores[pair.at]), " − ", tau, ", 0)")
        yield ArithmeticLine("weight", pieces, pair.weight)


class Entmax(Normalizer):
    """α-entmax: between softmax (alpha 1) and sparsemax (alpha 2).

    Formula: max((alpha-1) S - τ, 0)^(1/(alpha-1)), with τ such that the row sums to 1;
    softmax for alpha - 1 < 1e-6
    Paper: 1905.05702, 1909.00015
    """

    name = "entmax"
    aliases = ("entmax15", "entmax-1.5")
    limits: ClassVar = {"alpha": (1.0, 2.0)}
    alpha: float = 1.5

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        power = self.alpha - 1.0
        if power < 1e-6:
            return softmax(logits, visible)
        return threshold_power(power * mask_and_center(logits, visible), 1.0 / power)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The threshold τ, its row sum of 1, and the power of the score above it."""
        factor = self.alpha - 1.0
        if factor < 1e-6:
            yield from softmax_lines(pair, ("logit", pair.row))
            return
        scores, power = factor * pair.row, 1.0 / factor
        peak = pair.weights[pair.head, pair.query].max()
        tau = float(scores.max() - peak**factor)
        name = f"{factor:.6g} × logit"
        rows = (("logit", pair.row), (name, scores))
        yield from threshold_lines(pair, rows, tau, power, ("1 / ", factor))
        pieces = ("max(", float(scores[pair.at]), " − ", tau, ", 0)^", power)
        yield ArithmeticLine("weight", pieces, pair.weight)


class Normmax(Normalizer):
    """Normmax: like entmax, regularized by the norm of the row in place of its entropy.

    Formula: argmax_p Σ pS - ‖p‖_alpha over distributions
    Paper: 2402.13725
    """

    name = "normmax"
    limits: ClassVar = {"alpha": (1.001, 2.0)}
    alpha: float = 2.0

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        # (p/‖p‖)^alpha sums to 1, and is a power of the score above the threshold.
        scores = mask_and_center(logits, visible)
        powers = threshold_power(scores, self.alpha / (self.alpha - 1.0))
        return divide_by_row_sum(powers ** (1.0 / self.alpha))

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The threshold τ, the root of the score above it, and its share of the row."""
        weights = pair.weights[pair.head, pair.query][pair.visible_keys]
        power, exponent = self.alpha / (self.alpha - 1.0), 1.0 / (self.alpha - 1.0)
        norm = float((weights**self.alpha).sum() ** (1.0 / self.alpha))
        peak = float((weights.max() / norm) ** (self.alpha - 1.0))
        tau = float(pair.row.max()) - peak
        pieces = (self.alpha, " / (", self.alpha, " − 1)")
        yield from threshold_lines(pair, (("logit", pair.row),), tau, power, pieces)
        yield ArithmeticLine("root", ("1 / (", self.alpha, " − 1)"), exponent)
        name = "max(logit − τ, 0)^root"
        masses = np.maximum(pair.row - tau, 0.0) ** exponent
        total = float(masses.sum())
        yield ArithmeticLine("mass", (f"Σ {name}",), total, pair.table((name, masses)))
        above = ("max(", pair.logit, " − ", tau, ", 0)^", exponent)
        yield ArithmeticLine("weight", (*above, " / ", total), pair.weight)


def threshold_lines(
    pair: WeightPair, rows: Rows, tau: float, power: float, expression: tuple[Piece, ...]
) -> Lines:
    """τ of the last row of scores, and the row sum max(S − τ, 0)^power, which is 1.

    Shapes: rows [visible key] each
    """
    name, scores = rows[-1]
    yield ArithmeticLine("τ", ("chosen so that the row sum is 1",), tau, pair.table(*rows))
    yield ArithmeticLine("power", expression, power)
    power_name = f"max({name} − τ, 0)^power"
    powers = np.maximum(scores - tau, 0.0) ** power
    table = pair.table((power_name, powers))
    yield ArithmeticLine("row sum", (f"Σ {power_name}",), float(powers.sum()), table)


def sparsemax(scores: FloatArray) -> FloatArray:
    """max(S - τ, 0), with τ such that the row sums to 1; rows of -inf alone are zero.

    Shapes: [..., key], row maximum 0, -inf where masked -> [..., key]
    """
    descending = -np.sort(-np.maximum(scores, -2.0), axis=-1)  # scores below -1 have weight 0
    excess = np.cumsum(descending, axis=-1) - 1.0
    count = np.arange(1, descending.shape[-1] + 1)
    support = np.maximum((count * descending > excess).sum(-1, keepdims=True), 1)
    tau = np.take_along_axis(excess, support - 1, -1) / support
    return np.where(np.isneginf(scores), 0.0, np.maximum(scores - tau, 0.0))


def threshold_power(scores: FloatArray, power: float) -> FloatArray:
    """max(S - τ, 0)^power, with τ such that the row sums to 1; rows of -inf alone are zero.

    Shapes: [..., key], row maximum 0, -inf where masked -> [..., key]
    """
    finite = np.maximum(scores, -2.0)
    edge = np.ones_like(finite[..., :1])  # τ is between -1 and -(1/n)^(1/power)
    tau = bisect_threshold(
        lambda at: (np.maximum(finite - at, 0.0) ** power).sum(-1, keepdims=True),
        low=-edge,
        high=-edge * float(max(finite.shape[-1], 1)) ** (-1.0 / power),
    )
    powers = np.maximum(finite - tau, 0.0) ** power
    return divide_by_row_sum(np.where(np.isneginf(scores), 0.0, powers))


def bisect_threshold(
    row_sum: Callable[[FloatArray], FloatArray],
    low: FloatArray,
    high: FloatArray,
    total: float = 1.0,
) -> FloatArray:
    """The threshold at which a falling row sum reaches `total`.    [..., 1] -> [..., 1]"""
    for _ in range(BISECTIONS):
        middle = low + (high - low) / 2.0
        above = row_sum(middle) >= total
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return low


def mask_and_center(logits: FloatArray, visible: BoolArray) -> FloatArray:
    """Scores minus the row maximum; -inf where masked.

    Shapes: [..., key], [..., key] -> [..., key]
    """
    return subtract_row_max(np.where(visible, logits, -np.inf))


PARTS: tuple[type[Normalizer], ...] = (Sparsemax, Entmax, Normmax)
