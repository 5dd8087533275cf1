"""Noise: scores are shaken, so that keys are drawn rather than chosen."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.biases import Bias
from attnviz.core.part import Inputs
from attnviz.core.seeded_random import draw


class GumbelNoise(Bias):
    """Noise that makes the best score a fair draw from the softmax; `drawing` is which draw.

    Formula: S + g, g = -log(-log u), u even between 0 and 1
    Paper: 1611.01144
    """

    name = "gumbel"
    limits: ClassVar = {"drawing": (0, inf)}
    drawing: int = 0

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        grid = inputs.grid
        heads, queries, keys = grid.h[:, 0, 0], grid.row[0, :, 0], grid.k[0, 0]
        rows = [[self.row(int(h), int(i), grid.n_key)[keys] for i in queries] for h in heads]
        return logits + np.reshape(rows, grid.shape)

    def row(self, head: int, query: int, n_key: int) -> FloatArray:
        """The noise of one query: longer rows begin like shorter ones.    -> [key]"""
        even = draw((n_key,), self.drawing, "gumbel", head, query, variance=1.0 / 3.0)
        return -np.log(-np.log(np.clip(0.5 + 0.5 * even, 2.0**-53, 1.0 - 2.0**-53)))


PARTS: tuple[type[Bias], ...] = (GumbelNoise,)
