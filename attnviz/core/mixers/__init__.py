"""Mixers: mechanisms without scores, as the weight matrix they imply.    -> [head, query, key]

Linear, recurrent and landmark layers never compute their matrix; their output is a linear
function of the values, whose coefficients are the weights.
"""

from __future__ import annotations

from typing import ClassVar

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.map_metadata import RowSum
from attnviz.core.part import Part


class Mixer(Part):
    """A mechanism that computes the whole weight matrix, without scores to normalize."""

    row_local = False
    formula: ClassVar[str]
    row_sum: ClassVar[RowSum] = "any"
    signed: ClassVar[bool] = False

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]

        The caller sets masked weights to zero; masked tokens must not change the other weights.
        """
        raise TypeError(f"{type(self).__name__} does not define __call__")

    def explain_lines(self, pair: Pair, weights: FloatArray, visible: BoolArray) -> Lines:
        """The arithmetic of the weight of a visible key, its value last.

        Shapes: [head, query, key], [head, query, key] -> lines
        """
        del visible
        value = float(weights[pair.head, pair.query, pair.key])
        yield ArithmeticLine("weight", (f"{self}, over the whole matrix",), value)


PARTS: tuple[type[Mixer], ...] = ()
