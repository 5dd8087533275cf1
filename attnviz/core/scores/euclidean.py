"""Negative squared Euclidean distance between query and key (L2 attention)."""

from __future__ import annotations

from attnviz.core.arrays import FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.scores import Score


class SquaredDistance(Score):
    """Negative squared Euclidean distance between query and key.

    Formula: -‖q - k‖²
    Paper: 2006.04710
    """

    name = "distance"
    formula = "−‖q−k‖²"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        query, key = inputs.query, inputs.key
        norms = (query**2).sum(-1)[:, :, None] + (key**2).sum(-1)[:, None, :]
        return 2.0 * (query @ key.swapaxes(-1, -2)) - norms


PARTS: tuple[type[Score], ...] = (SquaredDistance,)
