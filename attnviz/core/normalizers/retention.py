"""Retention: scores are weights, faded by distance; nothing is normalized."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.normalizers import Normalize
from attnviz.core.part import Inputs
from attnviz.core.visibility import one_sequence


class Retention(Normalize):
    """Each step of distance takes its share; each head forgets at its own pace.

    Formula: S · γ_h^|i−j|, γ_h = 1 − 2^(−5−h)
    Paper: 2307.08621 (without the factors that its group norm takes out again)
    """

    name = "retention"
    row_sum = "any"
    signed = True

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        one_sequence(inputs, self.name, fewer=True)
        grid = inputs.grid
        kept = (1.0 - 2.0 ** (-5.0 - grid.h)) ** np.abs(grid.q - grid.k)
        seen = visible & (logits > -np.inf)  # a bias may hide a key by its score
        return np.where(seen, np.where(seen, logits, 0.0) * kept.astype(logits.dtype), 0.0)


PARTS = (Retention,)
