"""Biaffine attention: a bilinear score plus a linear term of the key."""

from __future__ import annotations

from collections.abc import Mapping

from attnviz.core.arithmetic import Lines, Pair, products
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.scores import Score


class Biaffine(Score):
    """Deep biaffine attention: bilinear score plus a learned prior of the key.

    Formula: qᵀ U k + uᵀ k
    Paper: 1611.01734
    """

    name = "biaffine"
    formula = "qᵀUk+uᵀk"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """U [d, d], u [d]"""
        return {"w_biaffine": (sizes.d, sizes.d), "u_biaffine": (sizes.d,)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        matched = inputs.query @ inputs.param("w_biaffine") + inputs.param("u_biaffine")[:, None]
        return matched @ inputs.key.swapaxes(-1, -2)

    def explain_lines(self, pair: Pair) -> Lines:
        """qᵀU + u, and its product with k"""
        matched, u = pair.q @ pair.param("w_biaffine"), pair.param("u_biaffine")
        before = (("qᵀU", matched), ("u", u))
        yield products("score", ("(qᵀU + u)", matched + u), ("k", pair.k), before=before)


PARTS: tuple[type[Score], ...] = (Biaffine,)
