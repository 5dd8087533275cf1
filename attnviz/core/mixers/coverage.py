"""Location-sensitive attention and coverage: additive scores that depend on previous weights."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from math import inf, nan
from typing import ClassVar, NamedTuple

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, MapPair, Piece
from attnviz.core.arithmetic.slots import softmax_sum_lines
from attnviz.core.arithmetic.worksheet import NamedVector, Worksheet, subscript
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import Mixer
from attnviz.core.numerics import softmax


class HistoryTerm(NamedTuple):
    """The term of one key inside the tanh: an expression, its value, and rows to print first."""

    name: str
    value: FloatArray
    rows: tuple[NamedVector, ...] = ()


HistoryLines = Generator[ArithmeticLine, None, dict[int, HistoryTerm]]


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

    def history_lines(self, pair: MapPair, keys: list[int]) -> HistoryLines:
        """The history term of some keys, by name.    -> lines, and a name and [d] by position"""
        raise TypeError(f"{type(self).__name__} does not define history_lines")

    def explain_lines(self, pair: MapPair) -> Lines:
        """The history term and the score of each key, and the softmax of the scores"""
        w, u, b, v = (pair.param(f"{name}_{self.suffix}") for name in "wubv")
        keys = np.flatnonzero(pair.visible[pair.head, pair.query]).tolist()
        history = yield from self.history_lines(pair, keys)
        sheet, scores = Worksheet(), {}
        for name, vector in (("Wq", w @ pair.q), ("b", b), ("v", v)):
            sheet.row(name, vector)
        for t in keys:
            of_key, term = u @ pair.inputs.key[pair.head, t], history[t]
            name, hidden = subscript("Uk", t), subscript("h", t)
            sheet.row(name, of_key)
            for row in term.rows:
                sheet.row(*row)
            value = np.tanh(w @ pair.q + of_key + term.value + b)
            sheet.row(hidden, value, f"tanh(Wq + {name} + {term.name} + b)")
            line = sheet.sum_of_products(subscript("S", t), {"v": v, hidden: value})
            scores[t] = line.value
            yield line
        names = {subscript("S", t): score for t, score in scores.items()}
        total = yield from softmax_sum_lines(names)
        pieces = (total.mass(subscript("S", pair.j)), " / ", total.value)
        yield ArithmeticLine("weight", pieces, pair.weight)


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

    def history_lines(self, pair: MapPair, keys: list[int]) -> HistoryLines:
        """F times the previous weights around each key, and V times the result"""
        weights, reach = pair.weights[pair.head], self.filter_reach
        last = weights[pair.query - 1] if pair.query else np.zeros(weights.shape[1])
        sheet = Worksheet(pair.columns)
        sheet.row("α of the row before", last)
        yield sheet.line("", ("the weights of the query before; 0 before the first query",), nan)
        padded, sheet, terms = np.pad(last, reach), Worksheet(), {}
        for t in keys:
            filtered = pair.param("f_location_sensitive") @ padded[t : t + 2 * reach + 1]
            name = subscript("Vf", t)
            sheet.row(subscript("Fα", t), filtered)
            value = pair.param("c_location_sensitive") @ filtered
            terms[t] = HistoryTerm(name, value, ((name, value),))
        text = (
            f"Fα of a key: the matrix f_location_sensitive times α from {reach} keys before it to "
            f"{reach} after it; Vf below: c_location_sensitive times Fα"
        )
        yield sheet.line("", (text,), nan)
        return terms


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

    def history_lines(self, pair: MapPair, keys: list[int]) -> HistoryLines:
        """The sum of the earlier weights of each key, times w_c"""
        factor, sheet = pair.param("c_coverage"), Worksheet(pair.columns)
        earlier = pair.weights[pair.head, : pair.query]
        names = [f"weights of query {n}" for n in range(pair.query)]
        for name, row in zip(names, earlier, strict=True):
            sheet.row(name, row)
        terms = {}
        for t in keys:
            name, total = subscript("c", t), float(earlier[:, t].sum())
            pieces: tuple[Piece, ...] = (0,)
            if names:
                pieces = tuple(p for weight in earlier[:, t] for p in (" + ", float(weight)))[1:]
            yield sheet.line(name, pieces, total)
            terms[t] = HistoryTerm(f"w_c × {name}", factor * total, (("w_c", factor),))
        return terms


PARTS: tuple[type[Mixer], ...] = (LocationSensitive, Coverage)
