"""Cosine: the direction of query and key counts, their length does not."""

from __future__ import annotations

from attnviz.core.arrays import FloatArray
from attnviz.core.numerics import unit
from attnviz.core.part import Inputs
from attnviz.core.scores import Score


class Cosine(Score):
    """The cosine of the angle between query and key; 0 for a vector without length.

    Formula: q·k / (‖q‖ ‖k‖)
    Paper: 1410.5401, 2010.04245
    """

    name = "cosine"
    formula = "q·k/(‖q‖‖k‖)"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        return unit(inputs.query) @ unit(inputs.key).swapaxes(-1, -2)


PARTS: tuple[type[Score], ...] = (Cosine,)
