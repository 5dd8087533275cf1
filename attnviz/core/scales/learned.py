"""Learned scales: a factor per head, a temperature per head, or a factor per query."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, log, log2
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, products
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.numerics import softplus
from attnviz.core.scales import Scale


class Gain(Scale):
    """A learned factor per head.

    Formula: g_h, 1 before training
    Paper: 1508.04025 (scaled, as in implementations of it)
    """

    name = "gain"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """g []"""
        del sizes
        return {"g_gain": ()}

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """g = 1"""
        del sizes
        return {"g_gain": Initial(1.0)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """-> [head, 1, 1]"""
        return inputs.param("g_gain")[:, None, None]

    def explain_lines(self, pair: Pair) -> Lines:
        """The learned factor"""
        yield pair.learned("factor", "g_gain")


class LengthGain(Scale):
    """A learned factor per head, which starts from the length of typical training texts.

    Formula: g_h, before training log₂(L² − L), L = typical_length
    Paper: 2010.04245
    """

    name = "length-gain"
    limits: ClassVar = {"typical_length": (2, inf)}
    typical_length: int = 32

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """g []"""
        del sizes
        return {"g_length": ()}

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """g = log₂(L² − L)"""
        del sizes
        return {"g_length": Initial(log2(self.typical_length**2 - self.typical_length))}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """-> [head, 1, 1]"""
        return inputs.param("g_length")[:, None, None]

    def explain_lines(self, pair: Pair) -> Lines:
        """The learned factor"""
        yield pair.learned("factor", "g_length")


class LearnedTemperature(Scale):
    """A learned temperature per head, at least `min_temperature`.

    Formula: 1 / max(exp(t_h), min_temperature)
    Paper: 2111.09883 (Swin V2; the exponential keeps its τ above zero)
    """

    name = "learned-temperature"
    tunable_aliases: ClassVar = {"coldest": "min_temperature"}
    limits: ClassVar = {"min_temperature": (1e-6, inf)}
    min_temperature: float = 0.01

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """t []"""
        del sizes
        return {"t_temperature": ()}

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """A temperature of 0.1"""
        del sizes
        return {"t_temperature": Initial(log(0.1))}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """-> [head, 1, 1]"""
        temperature = np.maximum(np.exp(inputs.param("t_temperature")), self.min_temperature)
        return 1.0 / temperature[:, None, None]

    def explain_lines(self, pair: Pair) -> Lines:
        """The learned exponent, and the factor"""
        learned = pair.learned("t", "t_temperature")
        yield learned
        pieces = ("1 / max(exp(", learned.value, "), ", self.min_temperature, ")")
        yield ArithmeticLine("factor", pieces, self.factor_of(pair))


class KeyStrength(Scale):
    """Key strength β of the Neural Turing Machine: a factor computed from each query token.

    Formula: softplus(wᵀ x_i), x the input of the layer
    Paper: 1410.5401
    """

    name = "key-strength"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [d_model]"""
        return {"w_strength": (sizes.d_model,)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """-> [head, query, 1]"""
        return softplus(inputs.query_source @ inputs.param("w_strength")[..., None])

    def explain_lines(self, pair: Pair) -> Lines:
        """The product of w and x, and its softplus"""
        inner = products("w·x", ("w", pair.param("w_strength")), ("x", pair.query_source))
        yield inner
        yield ArithmeticLine("factor", ("log(1 + exp(", inner.value, "))"), self.factor_of(pair))


PARTS: tuple[type[Scale], ...] = (Gain, LengthGain, LearnedTemperature, KeyStrength)
