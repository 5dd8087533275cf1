"""Graph attention (GAT, GATv2): additive scores with a leaky ReLU."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, products
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.scores import Score


class GraphAttention(Score):
    """Graph attention (GAT): a leaky ReLU of a linear form of query and key.

    All queries rank the keys alike (static attention).
    Formula: leakyrelu(aᵀ q + bᵀ k), `slope` below 0
    Paper: 1710.10903
    """

    name = "gat"
    formula = "leakyrelu(aᵀq+bᵀk)"
    limits: ClassVar = {"slope": (0.0, 1.0)}
    slope: float = 0.2

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """a [d], b [d]"""
        return {"a_gat": (sizes.d,), "b_gat": (sizes.d,)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        of_query = inputs.query @ inputs.param("a_gat")[..., None]
        of_key = inputs.key @ inputs.param("b_gat")[..., None]
        return leaky_relu(of_query + of_key.swapaxes(1, 2), self.slope)

    def explain_lines(self, pair: Pair) -> Lines:
        """a·q, b·k, and the leaky ReLU of their sum"""
        of_query = products("a·q", ("a", pair.param("a_gat")), ("q", pair.q))
        of_key = products("b·k", ("b", pair.param("b_gat")), ("k", pair.k))
        yield of_query
        yield of_key
        linear = of_query.value + of_key.value
        inner = (of_query.value, " + ", of_key.value)
        value = linear if linear > 0 else self.slope * linear
        yield ArithmeticLine("score", ("leakyrelu(", *inner, ", ", self.slope, ")"), value)


class GraphAttentionV2(Score):
    """Dynamic graph attention (GATv2): a linear form of the leaky ReLU of query plus key.

    Formula: aᵀ leakyrelu(q + k), `slope` below 0
    Paper: 2105.14491
    """

    name = "gatv2"
    formula = "aᵀleakyrelu(q+k)"
    limits: ClassVar = {"slope": (0.0, 1.0)}
    slope: float = 0.2

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """a [d]"""
        return {"a_gatv2": (sizes.d,)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        query, key, a = inputs.query, inputs.key, inputs.param("a_gatv2")
        logits = np.zeros((*query.shape[:-1], key.shape[1]), dtype=query.dtype)
        for c in range(a.shape[-1]):  # one [head, query, key] at a time
            hidden = leaky_relu(query[:, :, None, c] + key[:, None, :, c], self.slope)
            logits += a[:, c, None, None] * hidden
        return logits

    def explain_lines(self, pair: Pair) -> Lines:
        """The leaky ReLU of q + k, and its product with a"""
        name = f"leakyrelu(q + k, {self.slope:.6g})"
        hidden = (name, leaky_relu(pair.q + pair.k, self.slope))
        before = (("q", pair.q), ("k", pair.k), hidden)
        yield products("score", ("a", pair.param("a_gatv2")), hidden, before=before)


def leaky_relu(x: FloatArray, slope: float) -> FloatArray:
    """x above 0, slope · x below.    [...] -> [...]"""
    return np.where(x > 0, x, slope * x)


PARTS: tuple[type[Score], ...] = (GraphAttention, GraphAttentionV2)
