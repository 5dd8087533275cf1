"""Reflected: every token between key and query bends the space through which they match."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.numerics import sigmoid, unit
from attnviz.core.part import Inputs, Sizes
from attnviz.core.scores import Score


class Reflected(Score):
    """Householder-like maps, one a token, are multiplied along the way from key to query.

    Formula: q_iᵀ H_i H_(i-1) … H_(j+1) k_j for j ≤ i, H_t = I - β_t w_t w_tᵀ,
    w_t = W x_t / ‖W x_t‖, β_t = 2 σ(uᵀ x_t + b), x the input of the layer
    Paper: 2505.16381 (PaTH; its w passes a short convolution first)
    """

    name = "reflected"
    key_local = False  # what lies between query and key takes part
    formula = "qᵢᵀHᵢ…Hⱼ₊₁kⱼ"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [d, d_model], u [d_model], b []"""
        d, d_model = sizes.d, sizes.d_model
        return {"w_reflect": (d, d_model), "u_reflect": (d_model,), "b_reflect": ()}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        source = inputs.key_source
        normal = unit(inputs.project("w_reflect", source))  # [head, key, d]
        pull = source @ inputs.param("u_reflect")[..., None]
        strength = 2.0 * sigmoid(pull + inputs.param("b_reflect")[:, None, None])
        at = inputs.grid.q[0, :, 0]
        bent: FloatArray = inputs.query.copy()
        logits = np.zeros((*bent.shape[:-1], inputs.grid.n_key), dtype=bent.dtype)
        for j in reversed(range(inputs.grid.n_key)):
            past = at >= j  # the queries that the walk from later keys has reached
            logits[:, past, j] = np.einsum("hqd,hd->hq", bent[:, past], inputs.key[:, j])
            along = np.einsum("hqd,hd->hq", bent[:, past], normal[:, j])
            bent[:, past] -= (along * strength[:, j])[..., None] * normal[:, j, None]
        return logits


PARTS: tuple[type[Score], ...] = (Reflected,)
