"""Gated linear recurrences (GLA, RWKV-6) as the weight matrices they imply."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import Lines, MapPair
from attnviz.core.arithmetic.worksheet import Worksheet, subscript
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.initialization import Initial, UniformBetween
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import CausalMixer
from attnviz.core.numerics import sigmoid, softplus
from attnviz.core.visibility import causal_history


class GatedLinear(CausalMixer):
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
        gate = self.drive(inputs) + inputs.param("b_gla")[:, None]
        gate = np.where(unmasked, gate, np.inf)
        total = np.cumsum(-softplus(-gate) / self.tau, axis=1)
        at_query = select_query_steps(total, inputs)
        return causal_part(decay_scores(inputs.query, key, at_query, total), inputs)

    def drive(self, inputs: Inputs) -> FloatArray:
        """W V x    -> [head, key, d]"""
        low = inputs.key_source @ inputs.param("v_gla")[:1].swapaxes(1, 2)
        return inputs.project("w_gla", low)

    def past_lines(self, pair: MapPair, tokens: list[int]) -> Lines:
        """The gates of the tokens after the key, and Σ q k α … α"""
        drive, bias = pair.of_head(self.drive(pair.inputs)), pair.param("b_gla")
        sheet, factors = Worksheet(), {"q": pair.q, "k": pair.k}
        for t in tokens[1:]:
            drive_name, name = subscript("WVx", t), subscript("α", t)
            factors[name] = sigmoid(drive[t] + bias) ** (1.0 / self.tau)
            sheet.row(drive_name, drive[t])
            sheet.row("b", bias)
            sheet.row(name, factors[name], f"σ({drive_name} + b)^(1 / {self.tau:g})")
        yield sheet.sum_of_products("weight", factors, pair.weight)


class Rwkv(CausalMixer):
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
        gate = self.drive(inputs) + inputs.param("b_rwkv")[:, None]
        gate = np.where(unmasked, gate, -np.inf)
        total = np.cumsum(-np.exp(gate), axis=1)
        before = np.concatenate([np.zeros_like(total[:, :1]), total[:, :-1]], axis=1)
        past = decay_scores(inputs.query, key, select_query_steps(before, inputs), total)
        bonus = (inputs.query * inputs.param("u_rwkv")[:, None]) @ key.swapaxes(1, 2)
        grid = inputs.grid
        return np.where(grid.k < grid.q, past, np.where(grid.k == grid.q, bonus, 0.0))

    def drive(self, inputs: Inputs) -> FloatArray:
        """W tanh(V x)    -> [head, key, d]"""
        low = np.tanh(inputs.key_source @ inputs.param("v_rwkv")[:1].swapaxes(1, 2))
        return inputs.project("w_rwkv", low)

    def past_lines(self, pair: MapPair, tokens: list[int]) -> Lines:
        """Σ q k w … w over the tokens between key and query; Σ q u k of a token with itself"""
        drive, bias = pair.of_head(self.drive(pair.inputs)), pair.param("b_rwkv")
        sheet, factors = Worksheet(), {"q": pair.q, "k": pair.k}
        if len(tokens) == 1:
            factors["u"] = pair.param("u_rwkv")
        for t in tokens[1:-1]:
            drive_name, name = subscript("W tanh(Vx", t) + ")", subscript("w", t)
            factors[name] = np.exp(-np.exp(bias + drive[t]))
            sheet.row(drive_name, drive[t])
            sheet.row("b", bias)
            sheet.row(name, factors[name], f"exp(−exp(b + {drive_name}))")
        yield sheet.sum_of_products("weight", factors, pair.weight)


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


PARTS = (GatedLinear, Rwkv)
