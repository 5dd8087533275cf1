"""Gated linear recurrences (GLA, RWKV-6, Mamba-2) as the weight matrices they imply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.initialization import Initial, LogOfUniform, StepBias
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import Mixer
from attnviz.core.numerics import softplus
from attnviz.core.visibility import causal_history


class GatedLinear(Mixer):
    """Gated linear attention (GLA): a recurrent state with a forget gate per channel.

    Formula: S_t = Diag(α_t) S_{t−1} + k_t v_tᵀ, o_t = S_tᵀ q_t, α = σ(W x)^(1/tau);
    A_ij = Σ_c q_ic k_jc Π_{j<l≤i} α_lc
    Paper: 2312.06635 (where W is of low rank; without layer inputs, x is the key)
    """

    name = "gated-linear"
    formula = "Σ_c q_ic k_jc Π α_lc, j<l≤i"
    signed = True
    limits: ClassVar = {"tau": (1e-6, 1e6)}
    tau: float = 16.0

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [d, d_model]"""
        return {"w_gla": (sizes.d, sizes.d_model)}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        key = np.where(unmasked, inputs.key, 0.0)
        gate = np.where(unmasked, inputs.project("w_gla", inputs.key_source), np.inf)
        total = np.cumsum(-softplus(-gate) / self.tau, axis=1)
        at_query = select_query_steps(total, inputs)
        return causal_part(decay_scores(inputs.query, key, at_query, total))


class Rwkv(Mixer):
    """RWKV-6: a recurrent state with decay per channel, and a bonus for the current token.

    Formula: o_t = (S_{t−1} + Diag(u) k_t v_tᵀ)ᵀ r_t, S_t = Diag(w_t) S_{t−1} + k_t v_tᵀ,
    w = exp(−exp(W x)); A_ij = Σ_c r_ic k_jc Π_{j<l<i} w_lc, A_ii = Σ_c r_ic u_c k_ic
    Paper: 2404.05892 (where W is of low rank and x mixed with the previous token; without layer
    inputs, x is the key)
    """

    name = "rwkv"
    formula = "Σ_c r_ic k_jc Π w_lc, j<l<i; Σ_c r_ic u_c k_ic"
    signed = True

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [d, d_model], u [d]"""
        return {"w_rwkv": (sizes.d, sizes.d_model), "u_rwkv": (sizes.d,)}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        key = np.where(unmasked, inputs.key, 0.0)
        gate = np.where(unmasked, inputs.project("w_rwkv", inputs.key_source), -np.inf)
        total = np.cumsum(-np.exp(gate), axis=1)
        before = np.concatenate([np.zeros_like(total[:, :1]), total[:, :-1]], axis=1)
        past = decay_scores(inputs.query, key, select_query_steps(before, inputs), total)
        bonus = (inputs.query * inputs.param("u_rwkv")[:, None]) @ key.swapaxes(1, 2)
        grid = inputs.grid
        return np.where(grid.k < grid.q, past, np.where(grid.k == grid.q, bonus, 0.0))


class Mamba2(Mixer):
    """Mamba-2: a selective state space with a scalar decay per head and step sizes per token.

    Formula: h_t = a_t h_{t−1} + Δ_t k_t v_tᵀ, o_t = h_tᵀ q_t, Δ = softplus(w·x + b),
    a = exp(−exp(rate) Δ); A_ij = (q_i·k_j) Δ_j Π_{j<l≤i} a_l
    Paper: 2405.21060 (C is the query, B the key; without layer inputs, x is the key)
    """

    name = "mamba2"
    aliases = ("state-space",)
    formula = "(qᵢ·kⱼ) Δⱼ Π aₗ, j<l≤i"
    signed = True

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [1, d_model], b [], rate []"""
        return {"w_step": (1, sizes.d_model), "b_step": (), "log_rate": ()}

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """exp(rate) uniform in 1 to 16, softplus(b) log-uniform in 0.001 to 0.1"""
        del sizes
        rate, step = LogOfUniform(low=1.0, high=16.0), StepBias(low=1e-3, high=0.1)
        return {"log_rate": rate, "b_step": step}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        key = np.where(unmasked, inputs.key, 0.0)
        offset = inputs.param("b_step")[:, None, None]
        raw_step = inputs.project("w_step", inputs.key_source) + offset
        step = softplus(np.where(unmasked, raw_step, -np.inf))
        total = np.cumsum(-np.exp(inputs.param("log_rate"))[:, None, None] * step, axis=1)
        at_query = select_query_steps(total, inputs)
        return causal_part(decay_scores(inputs.query, key * step, at_query, total))


def decay_scores(
    query: FloatArray, key: FloatArray, at_query: FloatArray, at_key: FloatArray
) -> FloatArray:
    """Products of query and key, each channel times its decay between key and query.

    Formula: Σ_c q_ic k_jc exp(min(P_ic − P_jc, 0)), P the running sum of log gates; one
    channel of P may stand for all
    Shapes: [head, query, d], [head, key, d], [head, query, d | 1], [head, key, d | 1]
    -> [head, query, key]
    """
    shape = np.broadcast_shapes(query.shape[:1], key.shape[:1], at_key.shape[:1])
    weights = np.zeros((*shape, query.shape[1], key.shape[1]), dtype=at_key.dtype)
    width = at_key.shape[-1]
    for c in range(width):
        channels = slice(c, c + 1) if width > 1 else slice(None)
        decay = np.exp(np.minimum(at_query[:, :, None, c] - at_key[:, None, :, c], 0.0))
        weights += query[..., channels] @ key[..., channels].swapaxes(1, 2) * decay
    return weights


def select_query_steps(total: FloatArray, inputs: Inputs) -> FloatArray:
    """The rows of the queries, the last of the keys.    [head, key, d] -> [head, query, d]"""
    return total[:, inputs.grid.q[0, :, 0]]


def causal_part(weights: FloatArray) -> FloatArray:
    """Weights on later keys set to zero.    [head, query, key] -> [head, query, key]"""
    return np.tril(weights, weights.shape[2] - weights.shape[1])


PARTS = (GatedLinear, Rwkv, Mamba2)
