"""Query-free scores: computed from the key alone, the same for every query."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, products
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.scores import Score


class FeedForwardScore(Score):
    """Feed-forward attention: one tanh unit per head scores each key.

    Formula: tanh(wᵀ k + b)
    Paper: 1512.08756
    """

    name = "feed-forward"
    aliases = ("key-worth",)
    formula = "tanh(wᵀk+b)"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [d], b []"""
        return {"w_worth": (sizes.d,), "b_worth": ()}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, key, d] -> [head, query, key]"""
        linear = np.einsum("hkd,hd->hk", inputs.key, inputs.param("w_worth"))
        return repeat_for_queries(np.tanh(linear + inputs.param("b_worth")[:, None]), inputs)

    def explain_lines(self, pair: Pair) -> Lines:
        """w·k, b, and the tanh of their sum"""
        linear = products("w·k", ("w", pair.param("w_worth")), ("k", pair.k))
        bias = pair.learned("b", "b_worth")
        yield linear
        yield bias
        value = float(np.tanh(linear.value + bias.value))
        yield ArithmeticLine("score", ("tanh(", linear.value, " + ", bias.value, ")"), value)


class SelfAttentive(Score):
    """Structured self-attentive embedding: a shared hidden layer, one output vector per head.

    Formula: v_hᵀ tanh(W k), W shared by all heads (that of head 0)
    Paper: 1703.03130
    """

    name = "self-attentive"
    aliases = ("key-views",)
    head_local = False  # all heads use the parameters of head 0
    formula = "vₕᵀtanh(Wk)"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [d, d], v [d]"""
        return {"w_views": (sizes.d, sizes.d), "v_views": (sizes.d,)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, key, d] -> [head, query, key]"""
        hidden = np.tanh(inputs.key @ inputs.param("w_views")[:1].swapaxes(-1, -2))
        return repeat_for_queries(np.einsum("hkd,hd->hk", hidden, inputs.param("v_views")), inputs)

    def explain_lines(self, pair: Pair) -> Lines:
        """W k, its tanh, and the product with v"""
        linear = pair.inputs.param("w_views")[0] @ pair.k
        hidden = ("tanh(Wk)", np.tanh(linear))
        before = (("Wk", linear), hidden)
        yield products("score", ("v", pair.param("v_views")), hidden, before=before)


class Uniform(Score):
    """Uniform attention: all scores are 0, so softmax averages over the visible keys.

    Formula: 0
    """

    name = "uniform"
    aliases = ("alike",)
    formula = "0"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """-> [head, query, key]"""
        return repeat_for_queries(np.zeros_like(inputs.key[..., 0]), inputs)

    def explain_lines(self, pair: Pair) -> Lines:
        """0"""
        del pair
        yield ArithmeticLine("score", (0,), 0.0)


def repeat_for_queries(scores: FloatArray, inputs: Inputs) -> FloatArray:
    """The same row for each query.    [head, key] -> [head, query, key]"""
    n_head, n_query, _ = inputs.query.shape
    return np.broadcast_to(scores[:, None], (n_head, n_query, scores.shape[-1]))


PARTS: tuple[type[Score], ...] = (FeedForwardScore, SelfAttentive, Uniform)
