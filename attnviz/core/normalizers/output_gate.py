"""Gated attention: softmax weights times a gate per head, computed from the query's token."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, WeightPair, products, softmax_lines
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import sigmoid, softmax


class GatedSoftmax(Normalizer):
    """Gated attention: the output of each head times a sigmoid gate of the query's token.

    Formula: σ(wᵀ x_i) softmax(S), x the input of the layer
    Paper: 2505.06708 (the gate per head, after the weighted sum)
    """

    name = "gated-softmax"
    row_sum = "at most 1"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [d_model]"""
        return {"w_output_gate": (sizes.d_model,)}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        gate = sigmoid(inputs.query_source @ inputs.param("w_output_gate")[..., None])
        return softmax(logits, visible) * gate

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The softmax, the gate, and their product."""
        *lines, share = softmax_lines(pair, ("logit", pair.row), label="softmax")
        yield from (*lines, share)
        inner = products("w·x", ("w", pair.param("w_output_gate")), ("x", pair.query_source))
        yield inner
        gate = float(sigmoid(np.array(inner.value)))
        yield ArithmeticLine("gate", ("σ(", inner.value, ")"), gate)
        yield ArithmeticLine("weight", (share.value, " × ", gate), pair.weight)


PARTS = (GatedSoftmax,)
