"""Pooling: a token is told what its neighbours have on average, whatever stands there."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.mixers import Whole
from attnviz.core.numerics import softmax
from attnviz.core.part import Inputs
from attnviz.core.visibility import pairs


class Pooling(Whole):
    """What the neighbours have that the token has not: their mean, less the token itself.

    Formula: 1 / (keys that i sees), less 1 where j = i
    Paper: 2111.11418 (PoolFormer takes off the input, which the residual adds again)
    """

    name = "pooling"
    formula = "1/neighbours − [i = j]"
    signed = True
    row_local = True

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        shown = pairs(inputs, visible)
        itself = inputs.grid.q == inputs.grid.k
        return softmax(np.zeros(shown.shape), shown) - itself


PARTS = (Pooling,)
