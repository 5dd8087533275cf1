"""Recurrences with Householder-like transitions: DeltaProduct and RWKV-7."""

from __future__ import annotations

from collections.abc import Mapping
from math import exp
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.initialization import Initial, UniformBetween
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import Mixer
from attnviz.core.mixers.gated_recurrence import causal_part, decay_scores, select_query_steps
from attnviz.core.numerics import sigmoid, silu, unit_vectors
from attnviz.core.visibility import causal_history


class DeltaProduct(Mixer):
    """DeltaProduct: several steps of the delta rule per token, each with a key of its own.

    Formula: S ← (I − β_tm k_tm k_tmᵀ) S + β_tm k_tm v_tᵀ for m = 1 … `householders`, then
    o_t = Sᵀ q_t; β = 2σ(w_m·x), k_t1 the key, k_tm = W_m x of later steps, q and k made unit
    vectors after SiLU; A_ij is the sum over the steps of token j
    Paper: 2502.10297 (where each step has a value of its own; without layer inputs, x is the key)
    """

    name = "delta-product"
    formula = "Σ_m L (I + β∘B)⁻¹ β"
    signed = True
    limits: ClassVar = {"householders": (1, 64)}
    householders: int = 2

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [householders, d_model], W [(householders − 1) · d, d_model]"""
        shapes: dict[str, Shape] = {"w_product_write": (self.householders, sizes.d_model)}
        if self.householders > 1:
            shapes["w_product_key"] = ((self.householders - 1) * sizes.d, sizes.d_model)
        return shapes

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        n_step, (n_head, n_key, d) = self.householders, inputs.key.shape
        keys = [inputs.key[:, :, None]]
        if n_step > 1:
            later = inputs.project("w_product_key", inputs.key_source)
            keys.append(
                np.broadcast_to(later, (n_head, *later.shape[1:])).reshape(
                    *later.shape[:2], n_step - 1, d
                )
            )
        key = np.where(unmasked[..., None], np.concatenate(keys, axis=2), 0.0)
        key = unit_vectors(silu(key)).reshape(n_head, n_key * n_step, d)
        gate = np.where(unmasked, inputs.project("w_product_write", inputs.key_source), 0.0)
        beta = np.where(unmasked, 2.0 * sigmoid(gate), 0.0).reshape(n_head, n_key * n_step, 1)
        overlap = np.tril(key @ key.swapaxes(1, 2), -1)
        reads = unit_vectors(silu(inputs.query)) @ key.swapaxes(1, 2)
        of_token = np.arange(n_key * n_step) // n_step
        reads = np.where(of_token <= inputs.grid.q, reads, 0.0)
        system = np.eye(n_key * n_step) + beta * overlap
        weights = np.linalg.solve(system.swapaxes(1, 2), reads.swapaxes(1, 2)) * beta
        return weights.swapaxes(1, 2).reshape(n_head, -1, n_key, n_step).sum(-1)


class Rwkv7(Mixer):
    """RWKV-7: decay per channel, and a delta rule with an in-context learning rate per channel.

    Formula: S_t = Diag(w_t) S_{t−1} − (a_t ∘ κ_t) κ_tᵀ S_{t−1} + k̃_t v_tᵀ, o_t = S_tᵀ r_t plus
    the bonus Σ_c r_tc ρ_c k̃_tc v_t; w = exp(−e^−½ σ(b + W tanh(V x))), a = σ(b′ + W′ V′ x),
    κ the unit vector of k ∘ ξ, k̃ = k ∘ (1 + (a − 1) ∘ α)
    Paper: 2503.14456 (V and V′, of `gate_rank` rows, are shared by all heads; without layer
    inputs, x is the key)
    """

    name = "rwkv7"
    head_local = False  # all heads use the V and V′ of head 0
    formula = "Sₜ = (Diag(wₜ) − (aₜ∘κₜ)κₜᵀ)Sₜ₋₁ + k̃ₜvₜᵀ"
    signed = True
    limits: ClassVar = {"gate_rank": (1, 65536)}
    gate_rank: int = 16

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """V, V′ [gate_rank, d_model], W, W′ [d, gate_rank], b, b′, ξ, α, ρ [d]"""
        low, high, vector = (self.gate_rank, sizes.d_model), (sizes.d, self.gate_rank), (sizes.d,)
        return {
            "v_rwkv7_decay": low,
            "w_rwkv7_decay": high,
            "b_rwkv7_decay": vector,
            "v_rwkv7_rate": low,
            "w_rwkv7_rate": high,
            "b_rwkv7_rate": vector,
            "xi_rwkv7": vector,
            "alpha_rwkv7": vector,
            "rho_rwkv7": vector,
        }

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """b between −5.5 and 0.5, b′ = −0.19, ξ = 0.71, α = 1.02, ρ = −0.04: the reference's"""
        del sizes
        return {
            "b_rwkv7_decay": UniformBetween(low=-5.5, high=0.5),
            "b_rwkv7_rate": Initial(-0.19),
            "xi_rwkv7": Initial(0.71),
            "alpha_rwkv7": Initial(1.02),
            "rho_rwkv7": Initial(-0.04),
        }

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        plain = np.where(unmasked, inputs.key, 0.0)
        low = np.tanh(self.compress(inputs, "v_rwkv7_decay"))
        drive = inputs.project("w_rwkv7_decay", low) + inputs.param("b_rwkv7_decay")[:, None]
        log_decay = -exp(-0.5) * sigmoid(np.where(unmasked, drive, -np.inf))
        low = self.compress(inputs, "v_rwkv7_rate")
        drive = inputs.project("w_rwkv7_rate", low) + inputs.param("b_rwkv7_rate")[:, None]
        rate = np.where(unmasked, sigmoid(np.where(unmasked, drive, 0.0)), 0.0)
        removed = unit_vectors(plain * inputs.param("xi_rwkv7")[:, None])
        key = plain * (1.0 + (rate - 1.0) * inputs.param("alpha_rwkv7")[:, None])
        total = np.cumsum(log_decay, axis=1)
        before = total - log_decay  # the state that a token changes has not decayed at it
        written = np.tril(decay_scores(removed, key, before, total), -1)
        erased = np.tril(decay_scores(removed, removed * rate, before, total), -1)
        old_values = np.linalg.solve(np.eye(key.shape[1]) + erased, written)
        query, at_query = inputs.query, select_query_steps(total, inputs)
        reads = causal_part(decay_scores(query, key, at_query, total), inputs)
        erasures = causal_part(decay_scores(query, removed * rate, at_query, total), inputs)
        bonus = (query * inputs.param("rho_rwkv7")[:, None]) @ key.swapaxes(1, 2)
        diagonal = inputs.grid.q == inputs.grid.k
        return reads - erasures @ old_values + np.where(diagonal, bonus, 0.0)

    def compress(self, inputs: Inputs, name: str) -> FloatArray:
        """The layer's input times a matrix that all heads share.    -> [head | 1, key, rank]"""
        return inputs.key_source @ inputs.param(name)[:1].swapaxes(1, 2)


PARTS = (DeltaProduct, Rwkv7)
