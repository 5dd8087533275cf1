"""Gaussian windows over key positions, moved to the right by each query."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import Lines, MapPair
from attnviz.core.arithmetic.worksheet import Worksheet, subscript
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
    n_array = 4
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
        sheet, matrices = Worksheet(), {n: pair.param(f"w_{n}") for n in ("share", "spread")}
        share, spread = (matrix @ pair.q for matrix in matrices.values())
        mass, width = np.exp(share), softplus(spread) + 1e-5
        sheet.row("W_w q", share)
        sheet.row("exp(W_w q)", mass)
        total = float(mass.sum())
        yield sheet.line("Σ exp", ("Σ exp(W_w q)",), total)
        sheet.row("W_σ q", spread)
        sheet.row("σ", width, "log(1 + exp(W_σ q)) + 0.00001")
        terms = []
        steps = pair.inputs.query[pair.head, : pair.query + 1] @ pair.param("w_shift").T
        for n, step in enumerate(steps):
            name = subscript("W_μ q", n)
            sheet.row(name, step)
            terms.append(f"log(1 + exp({name}))")
        centre = softplus(steps).sum(axis=0)
        sheet.row("μ", centre, " + ".join(terms))
        density = np.exp(-((pair.j - centre) ** 2) / (2.0 * width**2)) / np.sqrt(
            2.0 * np.pi * width**2
        )
        sheet.row("N", density, f"exp(−({pair.j} − μ)² / (2 × σ²)) / √(2 × π × σ²)")
        yield sheet.line("weight", ("Σ (exp(W_w q) × N) / ", total), pair.weight)


class GravesWindow(Mixer):
    """Graves's soft window: Gaussians of learned height and width that move over the text.

    Formula: A_ij = Σ_m α exp(−β(κ_im−j)²), α, β = exp(W q), κ_i = κ_{i−1} + exp(W_κ q), κ_0 = 0,
    j counted from 1
    Paper: 1308.0850
    """

    name = "graves-window"
    n_array = 4
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
        sheet, terms = Worksheet(), []
        alpha, beta = (pair.param(name) @ pair.q for name in ("w_alpha", "w_beta"))
        sheet.row("W_α q", alpha)
        sheet.row("W_β q", beta)
        steps = pair.inputs.query[pair.head, : pair.query + 1] @ pair.param("w_kappa").T
        for n, step in enumerate(steps):
            name = subscript("W_κ q", n)
            sheet.row(name, step)
            terms.append(f"exp({name})")
        centre = np.exp(steps).sum(axis=0)
        sheet.row("κ", centre, " + ".join(terms))
        height = np.exp(alpha - np.exp(beta) * (centre - pair.j - 1) ** 2)
        sheet.row("g", height, f"exp(W_α q) × exp(−exp(W_β q) × (κ − {pair.j + 1})²)")
        yield sheet.line("weight", ("Σ g",), pair.weight)


def sum_gaussians(
    inputs: Inputs, height: FloatArray, centre: FloatArray, precision: FloatArray
) -> FloatArray:
    """Σ_m height exp(−precision (j − centre)²).    [head, query, m] each -> [head, query, key]"""
    total = np.zeros((*centre.shape[:2], inputs.grid.k.size), dtype=centre.dtype)
    for m in range(centre.shape[2]):  # one [head, query, key] at a time
        deviation = inputs.grid.k - centre[:, :, m, None]
        total += height[:, :, m, None] * np.exp(-precision[:, :, m, None] * deviation**2)
    return total


PARTS = (GaussianMixture, GravesWindow)
