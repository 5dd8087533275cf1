"""Forgetting: what stands between key and query decides how much of the key is left."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.biases import Bias
from attnviz.core.numerics import after, softplus
from attnviz.core.part import Inputs, Sizes


class Forgetting(Bias):
    """Each token may make all that came before it fade.

    Formula: S + Σ_(j < l ≤ i) log f_l, f_l = σ(wᵀ x_l + b), x the input of the layer
    Paper: 2503.02130 (Forgetting Transformer)
    """

    name = "forgetting"
    key_local = False  # what lies between query and key takes part

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [d_model], b []"""
        return {"w_forget": (sizes.d_model,), "b_forget": ()}

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        opening = inputs.key_source @ inputs.param("w_forget")[..., None]
        kept = -softplus(-opening - inputs.param("b_forget")[:, None, None])[..., 0]
        # One sum a query, not a difference of two: what lies after the query may be anything.
        passed = np.where(inputs.grid.k <= inputs.grid.q, kept[:, None, :], 0.0)
        return logits + after(passed)


PARTS: tuple[type[Bias], ...] = (Forgetting,)
