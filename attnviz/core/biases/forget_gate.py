"""Forget gate (Forgetting Transformer): a data-dependent decay of scores."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.biases import Bias
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.numerics import exclusive_suffix_sum, softplus


class ForgetGate(Bias):
    """Forget gate: a gate per token between key and query adds its logarithm to the score.

    Formula: S + Σ_(j < l ≤ i) log f_l, f_l = σ(wᵀ x_l + b), x the input of the layer
    Paper: 2503.02130 (Forgetting Transformer)
    """

    name = "forget-gate"
    aliases = ("forgetting",)
    key_local = False  # the gates of all tokens between key and query enter the sum
    needs_hidden_keys = True  # those that no query attends to do not

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [d_model], b []"""
        return {"w_forget": (sizes.d_model,), "b_forget": ()}

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        opening = inputs.visible_key_source @ inputs.param("w_forget")[..., None]
        kept = -softplus(-opening - inputs.param("b_forget")[:, None, None])[..., 0]
        # One sum a query, not a difference of two: what lies after the query may be anything.
        between = inputs.grid.k <= inputs.grid.q
        if inputs.hidden_keys is not None:
            between = between & ~inputs.hidden_keys[:, None, :]
        passed = np.where(between, kept[:, None, :], 0.0)
        return logits + exclusive_suffix_sum(passed)


PARTS: tuple[type[Bias], ...] = (ForgetGate,)
