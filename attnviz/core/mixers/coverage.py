"""Location-sensitive attention and coverage: additive scores that depend on previous weights."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import Mixer
from attnviz.core.numerics import softmax


class HistoryAdditive(Mixer):
    """An additive score with one more term, computed from the weights of earlier queries."""

    row_sum = "1"
    suffix: ClassVar[str]  # of its parameter names

    def history_term(self, inputs: Inputs, last: FloatArray, total: FloatArray) -> FloatArray:
        """The term inside the tanh, from the previous row and the sum of all earlier rows.

        Shapes: [head, key], [head, key] -> [head, key, d]
        """
        raise TypeError(f"{type(self).__name__} does not define history_term")

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [d, d], U [d, d], b [d], v [d]"""
        d = sizes.d
        shapes = {"w": (d, d), "u": (d, d), "b": (d,), "v": (d,)}
        return {f"{name}_{self.suffix}": shape for name, shape in shapes.items()}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        w, u, b, v = (f"{name}_{self.suffix}" for name in "wubv")
        of_query = inputs.project(w, inputs.query) + inputs.param(b)[:, None]
        of_key = inputs.project(u, inputs.key)
        shape = (*of_query.shape[:-1], inputs.grid.n_key)
        visible = np.broadcast_to(visible, shape)
        weights = np.zeros(shape, dtype=of_query.dtype)
        for i in range(shape[1]):
            last = weights[:, i - 1] if i else np.zeros_like(weights[:, 0])
            history = self.history_term(inputs, last, weights[:, :i].sum(1))
            hidden = np.tanh(of_query[:, i, None] + of_key + history)
            logits = np.einsum("hkd,hd->hk", hidden, inputs.param(v))
            weights[:, i] = softmax(logits, visible[:, i])
        return weights


class LocationSensitive(HistoryAdditive):
    """Location-sensitive attention: a convolution of the previous weights enters the score.

    Formula: a_i = softmax(vᵀ tanh(W q_i + U k_j + V f_ij + b)), f_i = F * a_(i-1), a_(-1) = 0.
    Each of the `filters` spans `filter_reach` keys to either side.
    Paper: 1506.07503
    """

    name = "location-sensitive"
    suffix = "location_sensitive"
    formula = "vᵀtanh(Wq+Uk+V(F∗αᵢ₋₁)+b)"
    limits: ClassVar = {"filters": (1, inf), "filter_reach": (0, inf)}
    filters: int = 4
    filter_reach: int = 1

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """F [filter, 2 filter_reach + 1], V [d, filter], and those of the additive score"""
        own = {
            "f_location_sensitive": (self.filters, 2 * self.filter_reach + 1),
            "c_location_sensitive": (sizes.d, self.filters),
        }
        return {**super().param_shapes(sizes), **own}

    def history_term(self, inputs: Inputs, last: FloatArray, total: FloatArray) -> FloatArray:
        """[head, key] -> [head, key, d]"""
        del total
        reach = self.filter_reach
        padded = np.pad(last, ((0, 0), (reach, reach)))
        around = np.lib.stride_tricks.sliding_window_view(padded, 2 * reach + 1, axis=-1)
        return inputs.project(
            "c_location_sensitive", inputs.project("f_location_sensitive", around)
        )


class Coverage(HistoryAdditive):
    """Coverage: the sum of the weights so far enters the score.

    Formula: a_i = softmax(vᵀ tanh(W q_i + U k_j + w_c c_ij + b)), c_ij = Σ_(l<i) a_lj
    Paper: 1601.04811, 1704.04368
    """

    name = "coverage"
    suffix = "coverage"
    formula = "vᵀtanh(Wq+Uk+w_cΣα+b)"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w_c [d], and those of the additive score"""
        return {**super().param_shapes(sizes), "c_coverage": (sizes.d,)}

    def history_term(self, inputs: Inputs, last: FloatArray, total: FloatArray) -> FloatArray:
        """[head, key] -> [head, key, d]"""
        del last
        return total[..., None] * inputs.param("c_coverage")[:, None]


PARTS: tuple[type[Mixer], ...] = (LocationSensitive, Coverage)
