"""Polar: what a token is sets the magnitude, where it stands sets the phase."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.numerics import softplus
from attnviz.core.part import Inputs, Sizes
from attnviz.core.scores import Score


class Polar(Score):
    """Each dimension is a complex number: its size from the vector, its angle from the place.

    Formula: Σ_c softplus(q_c) softplus(k_c) cos((j - i) base^(-c/d) + δ_c),
    δ learned and kept in [-2π, 0]
    Paper: 2509.10534 (PoPE)
    """

    name = "polar"
    formula = "Σ softplus(q)softplus(k)cos((j−i)θ+δ)"
    limits: ClassVar = {"base": (1.0, inf)}
    base: float = 10000.0

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """δ [d]"""
        return {"phase_polar": (sizes.d,)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        d, grid = inputs.query.shape[-1], inputs.grid
        turn = self.base ** (-np.arange(d) / d)
        shift = np.clip(inputs.param("phase_polar"), -2.0 * np.pi, 0.0)[:, None]
        at_query = grid.q[0] * turn  # [query, d]
        at_key = grid.k[0, 0][:, None] * turn + shift  # [head, key, d]
        query, key = softplus(inputs.query), softplus(inputs.key)
        flat = (query * np.cos(at_query)) @ (key * np.cos(at_key)).swapaxes(-1, -2)
        return flat + (query * np.sin(at_query)) @ (key * np.sin(at_key)).swapaxes(-1, -2)


PARTS: tuple[type[Score], ...] = (Polar,)
