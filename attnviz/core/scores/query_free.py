"""Query-free: a key is worth the same to everyone."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.part import Inputs, Sizes
from attnviz.core.scores import Score


class KeyWorth(Score):
    """A single unit judges each key alone; nobody asks.

    Formula: tanh(wᵀ k + b)
    Paper: 1512.08756
    """

    name = "key-worth"
    formula = "tanh(wᵀk+b)"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [d], b []"""
        return {"w_worth": (sizes.d,), "b_worth": ()}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, key, d] -> [head, query, key]"""
        worth = np.einsum("hkd,hd->hk", inputs.key, inputs.param("w_worth"))
        return to_everyone(np.tanh(worth + inputs.param("b_worth")[:, None]), inputs)


class KeyViews(Score):
    """One layer reads each key, and each head judges what it reads in its own way.

    Formula: v_hᵀ tanh(W k), W the same for all heads: the first one's
    Paper: 1703.03130
    """

    name = "key-views"
    head_local = False  # learned numbers of the first head serve all
    formula = "vₕᵀtanh(Wk)"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [d, d], v [d]"""
        return {"w_views": (sizes.d, sizes.d), "v_views": (sizes.d,)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, key, d] -> [head, query, key]"""
        hidden = np.tanh(inputs.key @ inputs.param("w_views")[:1].swapaxes(-1, -2))
        return to_everyone(np.einsum("hkd,hd->hk", hidden, inputs.param("v_views")), inputs)


class Alike(Score):
    """All keys match alike: after softmax, everyone who is seen gets the same share.

    Formula: 0
    """

    name = "alike"
    formula = "0"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """-> [head, query, key]"""
        return to_everyone(np.zeros_like(inputs.key[..., 0]), inputs)


def to_everyone(worth: FloatArray, inputs: Inputs) -> FloatArray:
    """The same row for each query.    [head, key] -> [head, query, key]"""
    n_head, n_query, _ = inputs.query.shape
    return np.broadcast_to(worth[:, None], (n_head, n_query, worth.shape[-1]))


PARTS: tuple[type[Score], ...] = (KeyWorth, KeyViews, Alike)
