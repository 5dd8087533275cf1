"""Gated linear recurrences (GLA, RWKV-6, Mamba-2) as the weight matrices they imply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.initialization import Initial, LogOfUniform, StepBias, UniformBetween
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import Mixer
from attnviz.core.numerics import silu, softplus
from attnviz.core.visibility import causal_history


class GatedLinear(Mixer):
    """Gated linear attention (GLA): a recurrent state with a forget gate per channel.

    Formula: S_t = Diag(α_t) S_{t−1} + k_t v_tᵀ, o_t = S_tᵀ q_t, α = σ(W V x + b)^(1/tau);
    A_ij = Σ_c q_ic k_jc Π_{j<l≤i} α_lc
    Paper: 2312.06635 (V, of `gate_rank` rows, is shared by all heads; without layer inputs, x is
    the key)
    """

    name = "gated-linear"
    head_local = False  # all heads use the V of head 0
    formula = "Σ_c q_ic k_jc Π α_lc, j<l≤i"
    signed = True
    limits: ClassVar = {"tau": (1e-6, 1e6), "gate_rank": (1, 65536)}
    tau: float = 16.0
    gate_rank: int = 16

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """V [gate_rank, d_model], W [d, gate_rank], b [d]"""
        rank = self.gate_rank
        return {"v_gla": (rank, sizes.d_model), "w_gla": (sizes.d, rank), "b_gla": (sizes.d,)}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        key = np.where(unmasked, inputs.key, 0.0)
        low = inputs.key_source @ inputs.param("v_gla")[:1].swapaxes(1, 2)
        gate = inputs.project("w_gla", low) + inputs.param("b_gla")[:, None]
        gate = np.where(unmasked, gate, np.inf)
        total = np.cumsum(-softplus(-gate) / self.tau, axis=1)
        at_query = select_query_steps(total, inputs)
        return causal_part(decay_scores(inputs.query, key, at_query, total), inputs)


class Rwkv(Mixer):
    """RWKV-6: a recurrent state with decay per channel, and a bonus for the current token.

    Formula: o_t = (S_{t−1} + Diag(u) k_t v_tᵀ)ᵀ r_t, S_t = Diag(w_t) S_{t−1} + k_t v_tᵀ,
    w = exp(−exp(b + W tanh(V x))); A_ij = Σ_c r_ic k_jc Π_{j<l<i} w_lc, A_ii = Σ_c r_ic u_c k_ic
    Paper: 2404.05892 (where x is mixed with the previous token; V, of `gate_rank` rows, is shared
    by all heads; without layer inputs, x is the key)
    """

    name = "rwkv"
    head_local = False  # all heads use the V of head 0
    formula = "Σ_c r_ic k_jc Π w_lc, j<l<i; Σ_c r_ic u_c k_ic"
    signed = True
    limits: ClassVar = {"gate_rank": (1, 65536)}
    gate_rank: int = 16

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """V [gate_rank, d_model], W [d, gate_rank], b [d], u [d]"""
        return {
            "v_rwkv": (self.gate_rank, sizes.d_model),
            "w_rwkv": (sizes.d, self.gate_rank),
            "b_rwkv": (sizes.d,),
            "u_rwkv": (sizes.d,),
        }

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """b between -6 and -1, the range of the reference's base decays"""
        del sizes
        return {"b_rwkv": UniformBetween(low=-6.0, high=-1.0)}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        key = np.where(unmasked, inputs.key, 0.0)
        low = np.tanh(inputs.key_source @ inputs.param("v_rwkv")[:1].swapaxes(1, 2))
        gate = inputs.project("w_rwkv", low) + inputs.param("b_rwkv")[:, None]
        gate = np.where(unmasked, gate, -np.inf)
        total = np.cumsum(-np.exp(gate), axis=1)
        before = np.concatenate([np.zeros_like(total[:, :1]), total[:, :-1]], axis=1)
        past = decay_scores(inputs.query, key, select_query_steps(before, inputs), total)
        bonus = (inputs.query * inputs.param("u_rwkv")[:, None]) @ key.swapaxes(1, 2)
        grid = inputs.grid
        return np.where(grid.k < grid.q, past, np.where(grid.k == grid.q, bonus, 0.0))


class Mamba2(Mixer):
    """Mamba-2: a selective state space with a scalar decay per head and step sizes per token.

    Formula: h_t = a_t h_{t−1} + Δ_t k_t v_tᵀ, o_t = h_tᵀ q_t, Δ = softplus(w·x + b),
    a = exp(−exp(rate) Δ), q and k after SiLU, and the skip D x_t added to the output;
    A_ij = (q_i·k_j) Δ_j Π_{j<l≤i} a_l, plus D where i = j. With `levels`, a log-linear state:
    the first term times λ_i = softplus(s ∘ W x_i) at level(i, j), the number of binary digits of
    i xor j, at most levels − 1.
    Paper: 2405.21060 (C is the query, B the key; without layer inputs, x is the key or the
    query), 2506.04761 (levels)
    """

    name = "mamba2"
    aliases = ("state-space",)
    formula = "(qᵢ·kⱼ) Δⱼ Π aₗ, j<l≤i"
    signed = True
    limits: ClassVar = {"levels": (0, 53)}
    levels: int = 0

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [1, d_model], b [], rate [], D [], W [levels, d_model], s [levels]"""
        shapes = {"w_step": (1, sizes.d_model), "b_step": (), "log_rate": (), "d_skip": ()}
        if self.levels:
            shapes |= {"w_levels": (self.levels, sizes.d_model), "s_levels": (self.levels,)}
        return shapes

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """exp(rate) uniform in 1 to 16, softplus(b) log-uniform in 0.001 to 0.1, D = s = 1"""
        del sizes
        rate, step = LogOfUniform(low=1.0, high=16.0), StepBias(low=1e-3, high=0.1)
        scale = {"s_levels": Initial(1.0)} if self.levels else {}
        return {"log_rate": rate, "b_step": step, "d_skip": Initial(1.0), **scale}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        key = np.where(unmasked, inputs.key, 0.0)
        offset = inputs.param("b_step")[:, None, None]
        raw_step = inputs.project("w_step", inputs.key_source) + offset
        step = softplus(np.where(unmasked, raw_step, -np.inf))
        total = np.cumsum(-np.exp(inputs.param("log_rate"))[:, None, None] * step, axis=1)
        at_query = select_query_steps(total, inputs)
        query, key = silu(inputs.query), silu(key)
        weights = causal_part(decay_scores(query, key * step, at_query, total), inputs)
        if self.levels:
            weights *= self.level_factors(inputs, unmasked)
        diagonal = inputs.grid.q == inputs.grid.k
        return weights + inputs.param("d_skip")[:, None, None] * diagonal

    def level_factors(self, inputs: Inputs, unmasked: BoolArray) -> FloatArray:
        """λ of the level of each pair: one level for each bucket of a Fenwick tree.

        Masked tokens take no position.
        Shapes: [head | 1, key, 1] -> [head, query, key]
        """
        scale = inputs.param("s_levels")[:, None]
        factors = softplus(scale * inputs.project("w_levels", inputs.query_source))
        at_key = np.maximum(np.cumsum(unmasked, axis=1) - 1, 0)
        at_query = at_key[:, inputs.grid.q[0, :, 0]]
        n_digit = np.frexp((at_query ^ at_key.swapaxes(1, 2)).astype(float))[1]
        level = np.minimum(n_digit, self.levels - 1)
        shape = (factors.shape[0], *level.shape[1:])
        return np.take_along_axis(factors, np.broadcast_to(level, shape), axis=-1)


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
    """The rows of the keys at the queries' positions.    [head, key, d] -> [head, query, d]"""
    return total[:, inputs.grid.q[0, :, 0]]


def causal_part(weights: FloatArray, inputs: Inputs) -> FloatArray:
    """Weights on later keys set to zero.    [head, query, key] -> [head, query, key]"""
    return np.where(inputs.grid.k <= inputs.grid.q, weights, 0.0)


PARTS = (GatedLinear, Rwkv, Mamba2)
