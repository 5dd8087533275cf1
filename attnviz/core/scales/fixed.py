"""Fixed scales other than 1/√d: by dimension, by position, or of a Gaussian kernel."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair
from attnviz.core.arrays import FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.scales import Scale


class InverseDim(Scale):
    """muP attention scaling: 1/d keeps trained scores of one size across model widths.

    Formula: 1/d
    Paper: 2203.03466
    """

    name = "inverse-d"

    def __call__(self, inputs: Inputs) -> float:
        """1/d"""
        return 1.0 / inputs.query.shape[-1]

    def explain_lines(self, pair: Pair) -> Lines:
        """1/d in numbers"""
        yield ArithmeticLine("factor", ("1/", pair.q.size), self(pair.inputs))


class RootSumDim(Scale):
    """Scale of a sum of several dot products: keeps the variance that 1/√d gives to one.

    Formula: 1/√(products · d), `products` the number of terms
    Paper: 2006.15595 (two), 2006.03654 (three)
    """

    name = "root-nd"
    aliases = ("root-shared",)
    limits: ClassVar = {"products": (1, inf)}
    products: int = 2

    def __call__(self, inputs: Inputs) -> float:
        """1/√(products · d)"""
        return float(1.0 / np.sqrt(self.products * inputs.query.shape[-1]))

    def explain_lines(self, pair: Pair) -> Lines:
        """1/√(products · d) in numbers"""
        pieces = ("1/√(", self.products, " × ", pair.q.size, ")")
        yield ArithmeticLine("factor", pieces, self(pair.inputs))


class TemperatureTuning(Scale):
    """Attention temperature tuning (Llama 4): a scale that grows with the query's position.

    Formula: (1 + attn_scale · log(⌊(i+1)/floor_scale⌋ + 1)) / √d
    Paper: Llama 4, 2025
    """

    name = "temperature-tuning"
    aliases = ("growing",)
    tunable_aliases: ClassVar = {"growth": "attn_scale", "floor": "floor_scale"}
    limits: ClassVar = {"floor_scale": (1, inf)}
    attn_scale: float = 0.1
    floor_scale: int = 8192

    def __call__(self, inputs: Inputs) -> FloatArray:
        """-> [1, query, 1]"""
        steps = np.floor((inputs.grid.q + 1) / self.floor_scale)
        return (1.0 + self.attn_scale * np.log1p(steps)) / np.sqrt(inputs.query.shape[-1])

    def explain_lines(self, pair: Pair) -> Lines:
        """The formula in numbers"""
        floor = ("⌊", pair.i + 1, " / ", self.floor_scale, "⌋")
        pieces = ("(1 + ", self.attn_scale, " × log(", *floor, " + 1)) / √", pair.q.size)
        yield ArithmeticLine("factor", pieces, self.factor_of(pair))


class Bandwidth(Scale):
    """Bandwidth of a Gaussian kernel, as a factor of negative squared distances.

    Formula: 1 / (2 bandwidth²)
    """

    name = "bandwidth"
    limits: ClassVar = {"bandwidth": (1e-6, 1e6)}
    bandwidth: float = 1.0

    def __call__(self, inputs: Inputs) -> float:
        """1 / (2 bandwidth²)"""
        del inputs
        return 0.5 / self.bandwidth**2

    def explain_lines(self, pair: Pair) -> Lines:
        """1 / (2 bandwidth²) in numbers"""
        pieces = ("1 / (2 × ", self.bandwidth, "²)")
        yield ArithmeticLine("factor", pieces, self(pair.inputs))


PARTS: tuple[type[Scale], ...] = (InverseDim, RootSumDim, TemperatureTuning, Bandwidth)
