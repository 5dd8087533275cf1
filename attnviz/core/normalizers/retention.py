"""Retention (RetNet): scores times an exponential decay per head, without normalization."""

from __future__ import annotations

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, WeightPair
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.normalizers import Normalizer
from attnviz.core.visibility import require_self_attention


class Retention(Normalizer):
    """Retention: scores decay exponentially with distance, one rate per head.

    Formula: S · γ_h^|i−j|, γ_h = 1 − 2^(−5−h)
    Paper: 2307.08621 (without the factors that its group norm takes out again)
    """

    name = "retention"
    row_sum = "any"
    signed = True

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        require_self_attention(inputs, self.name, fewer=True)
        grid = inputs.grid
        decay = (1.0 - 2.0 ** (-5.0 - grid.h)) ** np.abs(grid.q - grid.k)
        finite = visible & (logits > -np.inf)  # a bias may mask a key by its score
        return np.where(finite, np.where(finite, logits, 0.0) * decay.astype(logits.dtype), 0.0)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The head's decay γ, and the score times its power."""
        gamma = 1.0 - 2.0 ** (-5.0 - pair.head)
        yield ArithmeticLine("γ", ("1 − 2^(−5 − ", pair.head, ")"), gamma)
        pieces = (pair.logit, " × ", gamma, "^|", pair.i, " − ", pair.j, "|")
        yield ArithmeticLine("weight", pieces, pair.weight)


PARTS = (Retention,)
