"""Gaussian windows over key positions, moved to the right by each query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, MapPair, dimension_table
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import Mixer
from attnviz.core.numerics import softmax, softplus


class GaussianMixture(Mixer):
    """GMM attention: a mixture of Gaussians over key positions, with centres that move right.

    Formula: A_ij = Σ_m w_m exp(−(j−μ_im)²/(2σ²)) / √(2πσ²), w = softmax(W_w q),
    μ_i = μ_{i−1} + softplus(W_μ q), σ = softplus(W_σ q) + 1e-5
    Paper: 1910.10288 (V2; one matrix each in place of its two-layer network)
    """

    name = "gmm"
    aliases = ("mixture",)
    formula = "Σ_m w_m N(j; μ_im, σ²), μᵢ = μᵢ₋₁ + softplus(Wq)"
    limits: ClassVar = {"mixtures": (1, 65536)}
    mixtures: int = 3

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W_w, W_μ, W_σ [mixtures, d]"""
        names = ("w_share", "w_shift", "w_spread")
        return dict.fromkeys(names, (self.mixtures, sizes.d))

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d] -> [head, query, key]"""
        spread = softplus(inputs.project("w_spread", inputs.query)) + 1e-5
        mixing = softmax(inputs.project("w_share", inputs.query), np.ones(1, dtype=bool))
        height = mixing / np.sqrt(2.0 * np.pi * spread**2)
        centre = np.cumsum(softplus(inputs.project("w_shift", inputs.query)), axis=1)
        return sum_gaussians(inputs, height, centre, 0.5 / spread**2)

    def explain_lines(self, pair: MapPair) -> Lines:
        """Share, spread and centre of each Gaussian, and the sum of their densities at j"""
        inputs, at = pair.inputs, (pair.head, pair.query)
        logits, raw, steps = (
            inputs.project(name, inputs.query) for name in ("w_share", "w_spread", "w_shift")
        )
        mass = np.exp(logits[at])
        total, spread = float(mass.sum()), np.log1p(np.exp(raw[at])) + 1e-5
        rows = (("W_w q", logits[at]), ("exp(W_w q)", mass))
        yield ArithmeticLine("Σ exp", ("Σ exp(W_w q)",), total, dimension_table(*rows))
        centre = np.cumsum(softplus(steps), axis=1)[at]
        width = "(log(1 + exp(W_σ q)) + 0.00001)"
        density = f"exp(W_w q) / Σ exp × exp(−({pair.j} − μ)² / (2 × {width}²))"
        name = f"{density} / √(2 × π × {width}²)"
        height = mass / total / np.sqrt(2.0 * np.pi * spread**2)
        terms = height * np.exp(-((pair.j - centre) ** 2) / (2.0 * spread**2))
        table = dimension_table(("W_σ q", raw[at]), ("μ", centre), (width, spread), (name, terms))
        yield ArithmeticLine("weight", (f"Σ ({name})",), pair.weight, table)


class GravesWindow(Mixer):
    """Graves's soft window: Gaussians of learned height and width that move over the text.

    Formula: A_ij = Σ_m α exp(−β(κ_im−j)²), α, β = exp(W q), κ_i = κ_{i−1} + exp(W_κ q), κ_0 = 0,
    j counted from 1
    Paper: 1308.0850
    """

    name = "graves-window"
    aliases = ("moving-window",)
    formula = "Σ_m α exp(−β(κ_im−j)²), κᵢ = κᵢ₋₁ + exp(Wq)"
    limits: ClassVar = {"mixtures": (1, 65536)}
    mixtures: int = 3

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W_α, W_β, W_κ [mixtures, d]"""
        names = ("w_alpha", "w_beta", "w_kappa")
        return dict.fromkeys(names, (self.mixtures, sizes.d))

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d] -> [head, query, key]"""
        height, precision, step = (
            np.exp(inputs.project(name, inputs.query)) for name in ("w_alpha", "w_beta", "w_kappa")
        )
        return sum_gaussians(inputs, height, np.cumsum(step, axis=1) - 1.0, precision)

    def explain_lines(self, pair: MapPair) -> Lines:
        """α, β and κ of each Gaussian, and the sum of their values at j, counted from 1"""
        inputs, at = pair.inputs, (pair.head, pair.query)
        alpha, beta, steps = (
            inputs.project(name, inputs.query) for name in ("w_alpha", "w_beta", "w_kappa")
        )
        centre = np.cumsum(np.exp(steps), axis=1)[at]
        name = f"exp(W_α q) × exp(−exp(W_β q) × (κ − {pair.j + 1})²)"
        terms = np.exp(alpha[at] - np.exp(beta[at]) * (centre - pair.j - 1) ** 2)
        rows = (("W_α q", alpha[at]), ("W_β q", beta[at]), ("κ", centre), (name, terms))
        yield ArithmeticLine("weight", (f"Σ ({name})",), pair.weight, dimension_table(*rows))


def sum_gaussians(
    inputs: Inputs, height: FloatArray, centre: FloatArray, precision: FloatArray
) -> FloatArray:
    """Σ_m height exp(−precision (j − centre)²).    [head, query, m] each -> [head, query, key]"""
    deviation = inputs.grid.k[..., None] - centre[:, :, None]
    densities = height[:, :, None] * np.exp(-precision[:, :, None] * deviation**2)
    return densities.sum(-1)


PARTS = (GaussianMixture, GravesWindow)
