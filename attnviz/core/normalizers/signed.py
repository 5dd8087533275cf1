"""Rectified softmax and signed attention: softpick, Cog attention."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import SAFE_LOGIT, ArithmeticLine, Lines, Piece, WeightPair
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import softmax


class Softpick(Normalizer):
    """Softpick: rectified softmax; only scores above zero have weight.

    Scores below zero still add to the denominator.
    Formula: relu(exp(S) - 1) / (Σ |exp(S) - 1| + eps)
    Paper: 2504.20966
    """

    name = "softpick"
    row_sum = "at most 1"
    tunable_aliases: ClassVar = {"guard": "eps"}
    limits: ClassVar = {"eps": (0.0, inf)}
    eps: float = 1e-6

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        scores = np.where(visible, logits, 0.0)
        peak = np.maximum(scores.max(-1, keepdims=True, initial=0.0), 0.0)
        # expm1 near 0, where the difference of two exponentials would lose its digits
        small = np.expm1(np.minimum(scores, 1.0)) * np.exp(-peak)
        excess = np.where(scores > 1.0, np.exp(scores - peak) - np.exp(-peak), small)
        total = np.abs(excess).sum(-1, keepdims=True) + self.eps * np.exp(-peak)
        return np.divide(
            np.maximum(excess, 0.0), total, out=np.zeros_like(excess), where=total > 0
        )

    def explain_lines(self, pair: WeightPair) -> Lines:
        """exp(S) − 1, the sum of its absolute values, and the quotient."""
        peak, shift = 0.0, ""
        if np.abs(pair.row).max() > SAFE_LOGIT:
            peak, shift = max(float(pair.row.max()), 0.0), " − max"
            yield ArithmeticLine(
                "max", ("max(max(logit), 0)",), peak, pair.table(("logit", pair.row))
            )
        one = "exp(−max)" if shift else "1"
        name, excess = f"exp(logit{shift}) − {one}", np.exp(pair.row - peak) - np.exp(-peak)
        if not shift:  # near 0, the difference of two exponentials loses its digits
            excess = np.expm1(pair.row)
        total = float(np.abs(excess).sum() + self.eps * np.exp(-peak))
        table = pair.table(("logit", pair.row), (name, excess), (f"|{name}|", np.abs(excess)))
        floor: tuple[Piece, ...] = (" + ", self.eps, f" × {one}" if shift else "")
        yield ArithmeticLine("row sum", (f"Σ |{name}|", *floor), total, table)
        pieces = ("relu(exp(", pair.logit, f"{shift}) − {one}) / ", total)
        yield ArithmeticLine("weight", pieces, pair.weight)


class Cog(Normalizer):
    """Cog attention: softmax of the absolute scores, with the sign of each score.

    Formula: sign(S) exp|S| / Σ exp|S|
    Paper: 2411.07176
    """

    name = "cog"
    row_sum = "at most 1"
    signed = True

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        finite = visible & (logits > -np.inf)
        scores = np.where(finite, logits, 0.0)
        return np.sign(scores) * softmax(np.abs(scores), finite)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """exp|S|, its sum, and the quotient with the sign of the score."""
        peak, shift = 0.0, ""
        if np.abs(pair.row).max() > SAFE_LOGIT:
            peak, shift = float(np.abs(pair.row).max()), " − max"
            table = pair.table(("logit", pair.row), ("|logit|", np.abs(pair.row)))
            yield ArithmeticLine("max", ("max(|logit|)",), peak, table)
        mass = np.exp(np.abs(pair.row) - peak)
        total = float(mass.sum())
        table = pair.table(("logit", pair.row), (f"exp(|logit|{shift})", mass))
        yield ArithmeticLine("row sum", (f"Σ exp(|logit|{shift})",), total, table)
        sign = int(np.sign(pair.logit))
        pieces = (sign, " × exp(|", pair.logit, f"|{shift}) / ", total)
        yield ArithmeticLine("weight", pieces, pair.weight)


PARTS: tuple[type[Normalizer], ...] = (Softpick, Cog)
