"""Scores with a layer that query and key share: FusionNet, decomposable attention."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arithmetic import Lines, Pair, products
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.scores import Score


class Symmetric(Score):
    """Symmetric score of FusionNet: a shared layer and one weight per dimension.

    Formula: relu(U q)ᵀ D relu(U k), D diagonal
    Paper: 1711.07341
    """

    name = "symmetric"
    formula = "relu(Uq)ᵀD relu(Uk)"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """U [d, d], diagonal of D [d]"""
        return {"w_symmetric": (sizes.d, sizes.d), "d_symmetric": (sizes.d,)}

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """D = 1"""
        del sizes
        return {"d_symmetric": Initial(1.0)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        query = np.maximum(inputs.project("w_symmetric", inputs.query), 0.0)
        key = np.maximum(inputs.project("w_symmetric", inputs.key), 0.0)
        return (query * inputs.param("d_symmetric")[:, None]) @ key.swapaxes(-1, -2)

    def explain_lines(self, pair: Pair) -> Lines:
        """U q, U k, their ReLU, and the product with D"""
        matrix = pair.param("w_symmetric")
        of_query, of_key = matrix @ pair.q, matrix @ pair.k
        yield products(
            "score",
            ("relu(Uq)", np.maximum(of_query, 0.0)),
            ("D", pair.param("d_symmetric")),
            ("relu(Uk)", np.maximum(of_key, 0.0)),
            before=(("Uq", of_query), ("Uk", of_key)),
        )


class Decomposable(Score):
    """Decomposable attention: dot product after a shared two-layer network.

    Formula: F(q)·F(k), F(x) = relu(W₂ relu(W₁ x))
    Paper: 1606.01933
    """

    name = "decomposable"
    formula = "F(q)·F(k)"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W₁ [d, d], W₂ [d, d]"""
        d = sizes.d
        return {"w_decompose_inner": (d, d), "w_decompose_outer": (d, d)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        query, key = (self.layers(inputs, side) for side in (inputs.query, inputs.key))
        return query @ key.swapaxes(-1, -2)

    def layers(self, inputs: Inputs, vectors: FloatArray) -> FloatArray:
        """F.    [head, token, d] -> [head, token, d]"""
        hidden = np.maximum(inputs.project("w_decompose_inner", vectors), 0.0)
        return np.maximum(inputs.project("w_decompose_outer", hidden), 0.0)

    def explain_lines(self, pair: Pair) -> Lines:
        """W₂ relu(W₁ x) of q and of k, its ReLU, and the product"""
        inner, outer = pair.param("w_decompose_inner"), pair.param("w_decompose_outer")
        linear = [
            (f"W₂relu(W₁{name})", outer @ np.maximum(inner @ vector, 0.0))
            for name, vector in (("q", pair.q), ("k", pair.k))
        ]
        factors = [(f"relu({name})", np.maximum(vector, 0.0)) for name, vector in linear]
        yield products("score", *factors, before=tuple(linear))


PARTS: tuple[type[Score], ...] = (Symmetric, Decomposable)
