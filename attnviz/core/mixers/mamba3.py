"""Mamba-3: trapezoidal steps, rotations that depend on the data, normed queries and keys."""

from __future__ import annotations

from collections.abc import Mapping
from math import pi
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray, Shape
from attnviz.core.initialization import Initial, StepBias
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import Mixer
from attnviz.core.mixers.gated_recurrence import causal_part, decay_scores, select_query_steps
from attnviz.core.numerics import sigmoid, softplus
from attnviz.core.positions import rotate_pairs
from attnviz.core.visibility import causal_history

SMALLEST_RATE = 1e-4  # the reference's lower bound of the decay rate


class Mamba3(Mixer):
    """Mamba-3: a state space discretized by the trapezoidal rule, with rotating state.

    Formula: h_t = α_t h_{t−1} + (1 − λ_t) Δ_t α_t k_{t−1} v_{t−1}ᵀ + λ_t Δ_t k_t v_tᵀ,
    o_t = h_tᵀ q_t + D v_t; Δ = softplus(w·x + b), α = exp(−Δ max(softplus(w′·x), 1e-4)),
    λ = σ(w″·x); q and k are RMS-normed, plus a learned vector, and rotated by the running sum
    of π Δ tanh(θ x) in the first `rotated_share` of their pairs.
    A_ij = q_i·k_j Π_{j<l≤i} α_l (λ_j Δ_j + (1 − λ_{j+1}) Δ_{j+1} where j < i), plus D where i = j
    Paper: 2603.15569 (one input and one output per head; θ is shared by all heads; C is the
    query, B the key; without layer inputs, x is the key)
    """

    name = "mamba3"
    head_local = False  # all heads use the θ of head 0
    formula = "(qᵢ·kⱼ)(λⱼΔⱼ + (1−λⱼ₊₁)Δⱼ₊₁) Π αₗ, j<l≤i"
    signed = True
    limits: ClassVar = {"rotated_share": (0.0, 1.0)}
    rotated_share: float = 0.5

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w, w′, w″ [1, d_model], b [], θ [pair, d_model], vectors of q and k [d], D []"""
        row: Shape = (1, sizes.d_model)
        shapes: dict[str, Shape] = {
            "w_mamba3_step": row,
            "b_mamba3_step": (),
            "w_mamba3_rate": row,
            "w_mamba3_trapezoid": row,
            "b_mamba3_query": (sizes.d,),
            "b_mamba3_key": (sizes.d,),
            "d_mamba3_skip": (),
        }
        if n_pair := int(sizes.d * self.rotated_share) // 2:
            shapes["theta_mamba3"] = (n_pair, sizes.d_model)
        return shapes

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """softplus(b) log-uniform in 0.001 to 0.1, D and the vectors of q and k 1"""
        del sizes
        return {
            "b_mamba3_step": StepBias(low=1e-3, high=0.1),
            "b_mamba3_query": Initial(1.0),
            "b_mamba3_key": Initial(1.0),
            "d_mamba3_skip": Initial(1.0),
        }

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        x = inputs.key_source
        raw = inputs.project("w_mamba3_step", x) + inputs.param("b_mamba3_step")[:, None, None]
        step = softplus(np.where(unmasked, raw, -np.inf))
        rate = np.maximum(softplus(inputs.project("w_mamba3_rate", x)), SMALLEST_RATE)
        total = np.cumsum(np.where(unmasked, -step * rate, 0.0), axis=1)
        mix = sigmoid(np.where(unmasked, inputs.project("w_mamba3_trapezoid", x), 0.0))
        angles = self.angles(inputs, step, unmasked)
        at_query = None if angles is None else select_query_steps(angles, inputs)
        query = self.prepare(inputs.query, inputs.param("b_mamba3_query"), at_query)
        key = self.prepare(
            np.where(unmasked, inputs.key, 0.0), inputs.param("b_mamba3_key"), angles
        )
        pairs = causal_part(
            decay_scores(query, key, select_query_steps(total, inputs), total), inputs
        )
        follower, of_follower = next_unmasked((1.0 - mix) * step, unmasked)
        grid = inputs.grid
        later = np.where(follower[:, None] <= grid.q, of_follower[:, None], 0.0)
        weights = pairs * ((mix * step).swapaxes(1, 2) + later)
        return weights + inputs.param("d_mamba3_skip")[:, None, None] * (grid.q == grid.k)

    def angles(self, inputs: Inputs, step: FloatArray, unmasked: BoolArray) -> FloatArray | None:
        """The rotation of each token; None where nothing rotates.    -> [head, key, pair]"""
        if "theta_mamba3" not in inputs.params:
            return None
        drive = inputs.key_source @ inputs.param("theta_mamba3")[:1].swapaxes(1, 2)
        return np.cumsum(pi * step * np.tanh(np.where(unmasked, drive, 0.0)), axis=1)

    def prepare(
        self, vectors: FloatArray, bias: FloatArray, angles: FloatArray | None
    ) -> FloatArray:
        """RMS norm, bias, rotation.    [head, token, d], [head, d] -> [head, token, d]"""
        size = np.sqrt((vectors**2).mean(-1, keepdims=True) + 1e-5)
        shifted = vectors / size + bias[:, None]
        if angles is None:
            return shifted
        return rotate_pairs(shifted, np.cos(angles), np.sin(angles), interleaved=True)


def next_unmasked(values: FloatArray, unmasked: BoolArray) -> tuple[IntArray, FloatArray]:
    """The index of the next unmasked token after each, and its value; past the end, 0.

    Shapes: [head, key, 1], [head | 1, key, 1] -> [head, key], [head, key]
    """
    n_head, n_key, _ = values.shape
    shown = np.broadcast_to(unmasked, values.shape)
    follower = np.full((n_head, n_key), n_key)
    found = np.zeros((n_head, n_key), dtype=values.dtype)
    for t in range(n_key - 2, -1, -1):
        is_next = shown[:, t + 1, 0]
        follower[:, t] = np.where(is_next, t + 1, follower[:, t + 1])
        found[:, t] = np.where(is_next, values[:, t + 1, 0], found[:, t + 1])
    return follower, found


PARTS = (Mamba3,)
