"""Trilinear (BiDAF) score: one weight per dimension of query, key and their product."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, products
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.scores import Score


class Trilinear(Score):
    """Trilinear similarity of BiDAF: a linear layer over query, key and their product.

    Formula: wᵀ [q; k; q∘k]
    Paper: 1611.01603
    """

    name = "trilinear"
    formula = "wᵀ[q;k;q∘k]"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [3 d]"""
        return {"w_trilinear": (3 * sizes.d,)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        of_query, of_key, of_both = np.split(inputs.param("w_trilinear")[:, None, :], 3, axis=-1)
        query, key = inputs.query, inputs.key
        linear = (query * of_query).sum(-1)[:, :, None] + (key * of_key).sum(-1)[:, None, :]
        return (query * of_both) @ key.swapaxes(-1, -2) + linear

    def explain_lines(self, pair: Pair) -> Lines:
        """w₁·q, w₂·k, w₃·(q∘k), and their sum"""
        first, second, third = np.split(pair.param("w_trilinear"), 3)
        q, k = ("q", pair.q), ("k", pair.k)
        terms = [
            products("w₁·q", ("w₁", first), q),
            products("w₂·k", ("w₂", second), k),
            products("w₃·(q∘k)", ("w₃", third), q, k),
        ]
        yield from terms
        a, b, c = (term.value for term in terms)
        yield ArithmeticLine("score", (a, " + ", b, " + ", c), a + b + c)


PARTS: tuple[type[Score], ...] = (Trilinear,)
