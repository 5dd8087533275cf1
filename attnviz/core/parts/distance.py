"""Distance: near keys match, far ones do not."""

from __future__ import annotations

from math import inf
from typing import ClassVar

from attnviz.core.arrays import FloatArray
from attnviz.core.part import Inputs, Part
from attnviz.core.scale import Scale
from attnviz.core.score import Score


class SquaredDistance(Score):
    """The squared distance between query and key, negated.

    Formula: -‖q - k‖²
    Paper: 2006.04710
    """

    name = "distance"
    formula = "−‖q−k‖²"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        query, key = inputs.query, inputs.key
        lengths = (query**2).sum(-1)[:, :, None] + (key**2).sum(-1)[:, None, :]
        return 2.0 * (query @ key.swapaxes(-1, -2)) - lengths


class Bandwidth(Scale):
    """How quickly a Gaussian kernel fades with the distance.

    Formula: 1 / (2 bandwidth²)
    """

    name = "bandwidth"
    limits: ClassVar = {"bandwidth": (1e-6, inf)}
    bandwidth: float = 1.0

    def __call__(self, inputs: Inputs) -> float:
        """1 / (2 bandwidth²)"""
        del inputs
        return 0.5 / self.bandwidth**2


PARTS: tuple[type[Part], ...] = (SquaredDistance, Bandwidth)
