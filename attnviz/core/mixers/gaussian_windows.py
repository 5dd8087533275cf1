"""Bells that move over the places of the keys, pushed on by each query."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.mixers import Whole
from attnviz.core.numerics import softmax, softplus
from attnviz.core.part import Inputs, Sizes


class Mixture(Whole):
    """A mixture of Gaussians over the places; each query moves its centres to the right.

    Formula: A_ij = Σ_m w_m exp(−(j−μ_im)²/(2σ²)) / √(2πσ²), w = softmax(W_w q),
    μ_i = μ_{i−1} + softplus(W_μ q), σ = softplus(W_σ q)
    Paper: 1910.10288 (V2; one matrix each in place of its small network)
    """

    name = "mixture"
    formula = "Σ_m w_m N(j; μ_im, σ²), μᵢ = μᵢ₋₁ + softplus(Wq)"
    mixtures: int = 3

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W_w, W_μ, W_σ [mixtures, d]"""
        names = ("w_share", "w_shift", "w_spread")
        return dict.fromkeys(names, (self.mixtures, sizes.d))

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d] -> [head, query, key]"""
        spread = softplus(inputs.project("w_spread", inputs.query)) + 1e-5
        share = softmax(inputs.project("w_share", inputs.query), np.ones(1, dtype=bool))
        height = share / np.sqrt(2.0 * np.pi * spread**2)
        centre = np.cumsum(softplus(inputs.project("w_shift", inputs.query)), axis=1)
        return bells(inputs, height, centre, 0.5 / spread**2)


class MovingWindow(Whole):
    """Graves's window: bells of any height and width that move over the text as it is written.

    Formula: A_ij = Σ_m α exp(−β(κ_im−j)²), α, β = exp(W q), κ_i = κ_{i−1} + exp(W_κ q)
    Paper: 1308.0850
    """

    name = "moving-window"
    formula = "Σ_m α exp(−β(κ_im−j)²), κᵢ = κᵢ₋₁ + exp(Wq)"
    mixtures: int = 3

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W_α, W_β, W_κ [mixtures, d]"""
        names = ("w_alpha", "w_beta", "w_kappa")
        return dict.fromkeys(names, (self.mixtures, sizes.d))

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d] -> [head, query, key]"""
        height, narrow, step = (
            np.exp(inputs.project(name, inputs.query)) for name in ("w_alpha", "w_beta", "w_kappa")
        )
        return bells(inputs, height, np.cumsum(step, axis=1), narrow)


def bells(
    inputs: Inputs, height: FloatArray, centre: FloatArray, narrow: FloatArray
) -> FloatArray:
    """Σ_m height exp(−narrow (place − centre)²).    [head, query, m] each -> [head, query, key]"""
    away = inputs.grid.k[..., None] - centre[:, :, None]
    made = height[:, :, None] * np.exp(-narrow[:, :, None] * away**2)
    return made.sum(-1)


PARTS = (Mixture, MovingWindow)
