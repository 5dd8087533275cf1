"""PoPE (polar coordinate position embedding): content and position in polar coordinates."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, dimension_table
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.initialization import Initial, UniformBetween
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.numerics import softplus
from attnviz.core.scores import Score


class PoPE(Score):
    """PoPE (polar coordinate position embedding): magnitude from content, angle from position.

    Formula: Σ_c softplus(q_c) softplus(k_c) cos((j - i) base^(-c/d) + δ_c),
    δ learned and clipped to [-2π, 0]
    Paper: 2509.10534
    """

    name = "pope"
    aliases = ("polar",)
    formula = "Σ softplus(q)softplus(k)cos((j−i)θ+δ)"
    limits: ClassVar = {"base": (1.0, inf)}
    base: float = 10000.0

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """δ [d]"""
        return {"phase_polar": (sizes.d,)}

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """δ uniform over [-2π, 0]"""
        del sizes
        return {"phase_polar": UniformBetween(low=-2.0 * np.pi, high=0.0)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        d, grid = inputs.query.shape[-1], inputs.grid
        frequency = self.base ** (-np.arange(d) / d)
        shift = np.clip(inputs.param("phase_polar"), -2.0 * np.pi, 0.0)[:, None]
        query_angle = grid.q[0] * frequency  # [query, d]
        key_angle = grid.k[0, 0][:, None] * frequency + shift  # [head, key, d]
        query, key = softplus(inputs.query), softplus(inputs.key)
        real = (query * np.cos(query_angle)) @ (key * np.cos(key_angle)).swapaxes(-1, -2)
        return real + (query * np.sin(query_angle)) @ (key * np.sin(key_angle)).swapaxes(-1, -2)

    def explain_lines(self, pair: Pair) -> Lines:
        """The magnitudes, the frequencies θ and phases δ, and the sum of their product"""
        d = pair.q.size
        theta = self.base ** (-np.arange(d) / d)
        shift = np.clip(pair.param("phase_polar"), -2.0 * np.pi, 0.0)
        magnitude = softplus(pair.q) * softplus(pair.k)
        name = f"log(1 + exp(q)) × log(1 + exp(k)) × cos(({pair.j} − {pair.i}) × θ + δ)"
        terms = magnitude * np.cos((pair.j - pair.i) * theta + shift)
        rows = (("q", pair.q), ("k", pair.k), ("θ", theta), ("δ", shift), (name, terms))
        yield ArithmeticLine("score", (f"Σ ({name})",), float(terms.sum()), dimension_table(*rows))


PARTS: tuple[type[Score], ...] = (PoPE,)
