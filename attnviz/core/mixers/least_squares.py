"""Mesa layer: each query reads a linear map fitted to all past keys and values."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import Mixer
from attnviz.core.numerics import sigmoid, silu, softplus, unit_vectors
from attnviz.core.visibility import causal_history

SMALLEST_LAMBDA = 0.25  # the reference's lower bound of the regularization


class Mesa(Mixer):
    """Mesa layer (MesaNet): regularized least squares over the past, solved for every query.

    Formula: o_t = G_t (H_t + Λ)⁻¹ q_t, H_t = γ_t H_{t−1} + β_t k_t k_tᵀ,
    G_t = γ_t G_{t−1} + β_t v_t k_tᵀ, γ = σ(w·x + b), β = σ(w′·x + b′), Λ = 0.25 + softplus(λ)
    per channel, q and k made unit vectors after SiLU;
    A_ij = q_iᵀ (H_i + Λ)⁻¹ k_j β_j Π_{j<l≤i} γ_l
    Paper: 2506.05233 (which solves by conjugate gradients; without layer inputs, x is the key)
    """

    name = "mesa"
    formula = "qᵢᵀ(Hᵢ + Λ)⁻¹kⱼ βⱼ Π γₗ, j<l≤i"
    signed = True

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w, w′ [1, d_model], b, b′ [], λ [d]"""
        row: Shape = (1, sizes.d_model)
        return {
            "w_mesa_forget": row,
            "b_mesa_forget": (),
            "w_mesa_write": row,
            "b_mesa_write": (),
            "lambda_mesa": (sizes.d,),
        }

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """b = b′ = 0, and λ such that Λ = 1"""
        del sizes
        regularized = Initial(float(np.log(np.expm1(1.0 - SMALLEST_LAMBDA))))
        return {
            "b_mesa_forget": Initial(),
            "b_mesa_write": Initial(),
            "lambda_mesa": regularized,
        }

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        key = unit_vectors(silu(np.where(unmasked, inputs.key, 0.0)))
        query = unit_vectors(silu(inputs.query))
        log_gate = -softplus(-self.drive(inputs, "forget", unmasked, np.inf))
        beta = sigmoid(self.drive(inputs, "write", unmasked, -np.inf))
        total = np.cumsum(log_gate, axis=1)
        ridge = SMALLEST_LAMBDA + softplus(inputs.param("lambda_mesa"))
        (n_head, n_key, d), offset = key.shape, inputs.grid.offset
        n_query = query.shape[1]
        second_moment = np.zeros((n_head, d, d), dtype=key.dtype)
        weights = np.zeros((n_head, n_query, n_key), dtype=key.dtype)
        for t in range(offset + n_query):  # later keys are read by no query
            new = (key[:, t] * beta[:, t])[:, :, None] * key[:, t, None, :]
            second_moment = second_moment * np.exp(log_gate[:, t, None]) + new
            if t < offset:
                continue
            system = second_moment + ridge[:, None] * np.eye(d)
            solved = np.linalg.solve(system, query[:, t - offset, :, None])
            past = slice(None, t + 1)
            decay = np.exp(total[:, t, None] - total[:, past])
            weights[:, t - offset, past] = (key[:, past] @ solved * beta[:, past] * decay)[..., 0]
        return weights

    def drive(
        self, inputs: Inputs, gate: str, unmasked: BoolArray, if_masked: float
    ) -> FloatArray:
        """A gate before its sigmoid; masked tokens get the number stated.    -> [head, key, 1]"""
        offset = inputs.param(f"b_mesa_{gate}")[:, None, None]
        raw = inputs.project(f"w_mesa_{gate}", inputs.key_source) + offset
        return np.where(unmasked, raw, if_masked)


PARTS = (Mesa,)
