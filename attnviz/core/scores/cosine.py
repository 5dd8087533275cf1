"""Cosine similarity of query and key."""

from __future__ import annotations

from attnviz.core.arrays import FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.numerics import unit_vectors
from attnviz.core.scores import Score


class Cosine(Score):
    """Cosine similarity: dot product of L2-normalized query and key; 0 for a zero vector.

    Formula: q·k / (‖q‖ ‖k‖)
    Paper: 1410.5401, 2010.04245
    """

    name = "cosine"
    formula = "q·k/(‖q‖‖k‖)"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        return unit_vectors(inputs.query) @ unit_vectors(inputs.key).swapaxes(-1, -2)


PARTS: tuple[type[Score], ...] = (Cosine,)
