"""Variants of additive (Bahdanau) attention: weight-normalized, or with two scalars."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, dimension_table, products
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.numerics import unit_vectors
from attnviz.core.scores import Score, tanh_network


class NormedAdditive(Score):
    """Additive score with weight normalization of its output vector, and a hidden bias.

    Formula: g (v/‖v‖)ᵀ tanh(W q + U k + b)
    Paper: 1409.0473 with the weight normalization of 1602.07868
    """

    name = "normed-additive"
    formula = "g(v/‖v‖)ᵀtanh(Wq+Uk+b)"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [d, d], U [d, d], b [d], v [d], g []"""
        d = sizes.d
        return {
            "w_normed": (d, d),
            "u_normed": (d, d),
            "b_normed": (d,),
            "v_normed": (d,),
            "g_normed": (),
        }

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """g = 1/√d, b = 0"""
        return {"g_normed": Initial(sizes.d**-0.5), "b_normed": Initial()}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        of_query = inputs.project("w_normed", inputs.query) + inputs.param("b_normed")[:, None]
        of_key = inputs.project("u_normed", inputs.key)
        gain = inputs.param("g_normed")[:, None] * unit_vectors(inputs.param("v_normed"))
        return tanh_network(of_query, of_key, gain)

    def explain_lines(self, pair: Pair) -> Lines:
        """‖v‖, W q, U k, the tanh of their sum with b, and its product with g v/‖v‖"""
        v, gain = pair.param("v_normed"), pair.learned("g", "g_normed")
        yield gain
        length = float(np.linalg.norm(v))
        table = dimension_table(("v", v), ("v²", v**2))
        yield ArithmeticLine("‖v‖", ("√(Σ v²)",), length, table)
        of_query, of_key = pair.param("w_normed") @ pair.q, pair.param("u_normed") @ pair.k
        bias = pair.param("b_normed")
        hidden = ("tanh(Wq + Uk + b)", np.tanh(of_query + of_key + bias))
        before = (("Wq", of_query), ("Uk", of_key), ("b", bias), hidden, ("v", v))
        scaled = ("(g × v / ‖v‖)", gain.value * v / length if length else v)
        yield products("score", scaled, hidden, before=before)


class TanhSum(Score):
    """Additive score whose learned matrices are replaced by two learned scalars.

    Formula: a Σ tanh(c (q + k))
    """

    name = "tanh-sum"
    formula = "aΣtanh(c(q+k))"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """a [], c []"""
        del sizes
        return {"a_tanh_sum": (), "c_tanh_sum": ()}

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """a = c = 1"""
        del sizes
        return {"a_tanh_sum": Initial(1.0), "c_tanh_sum": Initial(1.0)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        outer, inner = (inputs.param(f"{name}_tanh_sum")[:, None] for name in "ac")
        query, key = inner[..., None] * inputs.query, inner[..., None] * inputs.key
        return tanh_network(query, key, np.broadcast_to(outer, (len(outer), query.shape[-1])))

    def explain_lines(self, pair: Pair) -> Lines:
        """a and c, the tanh of c (q + k), and a times its sum"""
        outer, inner = pair.learned("a", "a_tanh_sum"), pair.learned("c", "c_tanh_sum")
        yield outer
        yield inner
        hidden = np.tanh(inner.value * (pair.q + pair.k))
        table = dimension_table(("q", pair.q), ("k", pair.k), ("tanh(c × (q + k))", hidden))
        pieces = (outer.value, " × Σ tanh(c × (q + k))")
        yield ArithmeticLine("score", pieces, outer.value * float(hidden.sum()), table)


PARTS: tuple[type[Score], ...] = (NormedAdditive, TanhSum)
