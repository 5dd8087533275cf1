"""Softmax by feature: efficient attention, and the Attention Free Transformer (AFT)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import SAFE_LOGIT, ArithmeticLine, Lines, MapPair
from attnviz.core.arithmetic.slots import softmax_rows
from attnviz.core.arithmetic.worksheet import Worksheet, subscript
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import Mixer
from attnviz.core.numerics import softmax
from attnviz.core.visibility import require_same_for_all


class EfficientAttention(Mixer):
    """Efficient attention: softmax of queries over features times softmax of keys over positions.

    Formula: A = softmax over features (Q) · softmax over keys (K)ᵀ
    Paper: 1812.01243
    """

    name = "efficient"
    formula = "softmax_d(Q) · softmax_n(K)ᵀ"
    row_sum = "1"
    prefix_stable: ClassVar[bool] = False

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = require_same_for_all(inputs, visible, self.name).swapaxes(1, 2)
        all_features = np.ones((1, 1, 1), dtype=bool)
        return softmax(inputs.query, all_features) @ softmax(inputs.key.swapaxes(1, 2), unmasked)

    def explain_lines(self, pair: MapPair) -> Lines:
        """The softmax of q over its features, and that of each feature over the keys"""
        sheet = Worksheet()
        sheet.row("q", pair.q)
        peak, exponent = 0.0, "q"
        if np.abs(pair.q).max() > SAFE_LOGIT:
            peak, exponent = float(pair.q.max()), "q − max"
            yield sheet.line("max", ("max(q)",), peak)
        mass, keys = np.exp(pair.q - peak), {}
        sheet.row(f"exp({exponent})", mass)
        yield sheet.line("Σ exp", (f"Σ exp({exponent})",), float(mass.sum()))
        for t in np.flatnonzero(pair.visible[pair.head, pair.query]).tolist():
            keys[t] = (subscript("k", t), pair.inputs.key[pair.head, t])
            sheet.row(*keys[t])
        shares = softmax_rows(sheet, "P", keys)
        share = {subscript("P", pair.j): shares[pair.j]}
        name, _ = sheet.product({f"exp({exponent})": mass, **share})
        pieces = (f"Σ ({name}) / ", float(mass.sum()))
        yield sheet.line("weight", pieces, pair.weight)


class AftFull(Mixer):
    """Attention Free Transformer (AFT-full): a softmax per feature, averaged over the features.

    Formula: A_ij = mean over c of softmax_j(k_jc + w_ij)
    Paper: 2105.14103 (where the query gates the output, which does not change the weights)
    """

    name = "attention-free"
    n_array = 4
    formula = "mean over c of softmaxⱼ(k_jc + w_ij)"
    row_sum = "1"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [query, key]"""
        return {"w_pair": (sizes.n_query, sizes.n_key)}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        bias = inputs.param("w_pair")
        total = np.zeros(np.broadcast_shapes(visible.shape, bias.shape), dtype=bias.dtype)
        for key in np.moveaxis(inputs.key, 2, 0):  # one [head, query, key] at a time
            total += softmax(bias + key[:, None], visible)
        return total / inputs.key.shape[2]

    def explain_lines(self, pair: MapPair) -> Lines:
        """w of each key, the softmax of each feature over the keys, and its mean"""
        sheet, keys = Worksheet(), {}
        bias = pair.param("w_pair")[pair.query]
        for t in np.flatnonzero(pair.visible[pair.head, pair.query]).tolist():
            key, name = pair.inputs.key[pair.head, t], subscript("w", t)
            yield ArithmeticLine(name, ("learned (w_pair)",), float(bias[t]))
            keys[t] = (f"{subscript('k', t)} + {name}", key + bias[t])
            sheet.row(subscript("k", t), key)
        shares = softmax_rows(sheet, "P", keys)
        name = subscript("P", pair.j)
        d = shares[pair.j].size
        yield sheet.line("weight", (f"Σ {name} / ", d), pair.weight)


PARTS = (EfficientAttention, AftFull)
