"""Mixers: mechanisms without scores, as the weight matrix they imply.    -> [head, query, key]

Linear, recurrent and landmark layers never compute their matrix; their output is a linear
function of the values, whose coefficients are the weights.
"""

from __future__ import annotations

from typing import ClassVar

from attnviz.core.arithmetic import ArithmeticLine, Lines, MapPair
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.map_metadata import RowSum
from attnviz.core.part import Part


class Mixer(Part):
    """A mechanism that computes the whole weight matrix, without scores to normalize."""

    row_local = False
    n_array = 2
    formula: ClassVar[str]
    row_sum: ClassVar[RowSum] = "any"
    signed: ClassVar[bool] = False

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]

        The caller sets masked weights to zero; masked tokens must not change the other weights.
        """
        raise TypeError(f"{type(self).__name__} does not define __call__")

    def explain_lines(self, pair: MapPair) -> Lines:
        """The arithmetic of the weight of a visible key, its value last."""
        yield ArithmeticLine("weight", (f"{self}, over the whole matrix",), pair.weight)


class CausalMixer(Mixer):
    """A mixer that keeps a state over past keys; the weights of later keys are 0."""

    n_array = 4

    def explain_lines(self, pair: MapPair) -> Lines:
        """The weight as the product of what the key writes, what remains, and what is read"""
        shown = pair.visible[pair.head, pair.query]
        tokens = [t for t in range(pair.j, pair.i + 1) if shown[t]]
        yield from self.past_lines(pair, tokens)

    def past_lines(self, pair: MapPair, tokens: list[int]) -> Lines:
        """The arithmetic of the weight; `tokens` are the visible positions from key to query."""
        del tokens
        yield from super().explain_lines(pair)


PARTS: tuple[type[Mixer], ...] = ()
