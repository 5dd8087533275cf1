"""Pooling (PoolFormer): the mean of the neighbours in place of attention."""

from __future__ import annotations

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, MapPair
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.mixers import Mixer
from attnviz.core.numerics import softmax
from attnviz.core.visibility import broadcast_visible


class Pooling(Mixer):
    """Pooling: the mean of the visible keys minus the token itself.

    Formula: 1 / (number of keys visible to i), minus 1 where j = i
    Paper: 2111.11418 (PoolFormer subtracts the input, which the residual connection adds again)
    """

    name = "pooling"
    formula = "1/neighbours − [i = j]"
    signed = True
    row_local = True

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        shown = broadcast_visible(inputs, visible)
        diagonal = inputs.grid.q == inputs.grid.k
        return softmax(np.zeros(shown.shape), shown) - diagonal

    def explain_lines(self, pair: MapPair) -> Lines:
        """1 over the number of visible keys, less 1 for the token itself"""
        itself = int(pair.i == pair.j)
        pieces = ("1 / ", int(pair.visible[pair.head, pair.query].sum()), " − ", itself)
        yield ArithmeticLine("weight", pieces, pair.weight)


PARTS = (Pooling,)
