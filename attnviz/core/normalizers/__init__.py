"""Normalizers: softmax and its alternatives, from a row of logits to a row of weights.

Each holds for every row: masked weights are exactly 0, a row without a visible key is all
zeros, and finite logits of any size do not overflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import (
    ArithmeticLine,
    Lines,
    Piece,
    WeightPair,
    products,
    softmax_lines,
)
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.map_metadata import RowSum
from attnviz.core.numerics import sigmoid, softmax
from attnviz.core.part import Part


class Normalizer(Part):
    """The function that turns logits into weights, row by row."""

    n_array = 5
    row_sum: ClassVar[RowSum] = "1"
    signed: ClassVar[bool] = False
    restricts_visible: ClassVar[bool] = False  # overrides the method; set for each subclass
    renamed: ClassVar = {**Part.renamed, "narrow": "restrict_visible", "lines": "explain_lines"}

    def __init_subclass__(cls, **options: bool) -> None:
        super().__init_subclass__(**options)
        cls.restricts_visible = cls.restrict_visible is not Normalizer.restrict_visible

    def restrict_visible(
        self, logits: FloatArray, visible: BoolArray, inputs: Inputs
    ) -> BoolArray:
        """Keys that stay visible given the logits; by default all.    -> [head, query, key]"""
        del logits, inputs
        return visible

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        raise TypeError(f"{type(self).__name__} does not define __call__")

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The arithmetic of the weight of a visible key, its value last."""
        yield ArithmeticLine("weight", (f"{self} over the row",), pair.weight)

    def selection_lines(self, pair: WeightPair) -> Lines:
        """Why the normalizer keeps the key visible, 1, or masks it, 0; the value last."""
        selected = float(pair.visible[pair.head, pair.query, pair.key])
        yield ArithmeticLine("selected", (str(self),), selected)


class Softmax(Normalizer):
    """Softmax: exponentials divided by their sum.

    Formula: exp(S) / Σ exp(S)
    """

    name = "softmax"

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        return softmax(logits, visible)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """Exponentials, row sum, quotient"""
        yield from softmax_lines(pair, ("logit", pair.row))


class Hard(Normalizer):
    """Hard attention: all weight on the key with the largest score; ties go to the first.

    Formula: 1 where S is the row's maximum, else 0
    Paper: 1502.03044 (which samples the key)
    """

    name = "hard"

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        logits = np.where(visible, logits, -np.inf)
        keys = np.arange(logits.shape[-1])
        is_argmax = keys == logits.argmax(-1, keepdims=True)
        return (is_argmax & (logits > -np.inf)).astype(logits.dtype)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The row's maximum, and whether it is the key's logit"""
        table = pair.table(("logit", pair.row))
        if np.count_nonzero(pair.row == pair.row.max()) > 1:  # a tie goes to the first
            first = int(pair.row.argmax())
            yield ArithmeticLine("first of max", ("argmax(logit)",), float(first), table)
            pieces: tuple[Piece, ...] = ("[column ", pair.at, " = ", first, "]")
        else:
            peak = float(pair.row.max())
            yield ArithmeticLine("max", ("max(logit)",), peak, table)
            pieces = ("[", pair.logit, " = ", peak, "]")
        yield ArithmeticLine("weight", pieces, pair.weight)


class LocalPredictive(Normalizer):
    """Local attention with predicted alignment: softmax times a Gaussian around p.

    The query predicts the centre p; keys further than `reach` from it are masked.
    Formula: p = (n-1) σ(vᵀ tanh(W q)),
    A = softmax(S) · exp(-(j-p)² / (2 (reach/2)²)) where |j-p| ≤ reach
    Paper: 1508.04025 (Luong's "local-p"; it writes p = n σ(…), for positions from 1 to n)
    """

    name = "local-p"
    row_sum = "at most 1"
    prefix_stable = False  # p scales with the sequence length
    limits: ClassVar = {"reach": (0.5, inf)}
    reach: float = 3.0

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [d, d], v [d]"""
        return {"w_centre": (sizes.d, sizes.d), "v_centre": (sizes.d,)}

    def distance(self, inputs: Inputs) -> FloatArray:
        """|j - p|, the distance of each key from the predicted centre.    -> [head, query, key]"""
        hidden = np.tanh(inputs.query @ inputs.param("w_centre").swapaxes(-1, -2))
        centre = sigmoid(hidden @ inputs.param("v_centre")[..., None]) * (inputs.grid.n_key - 1)
        return np.abs(inputs.grid.k - centre)

    def restrict_visible(
        self, logits: FloatArray, visible: BoolArray, inputs: Inputs
    ) -> BoolArray:
        """Keys within `reach` of the predicted centre.    -> [head, query, key]"""
        del logits
        return visible & (self.distance(inputs) <= self.reach)

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        gaussian = np.exp(-2.0 * (self.distance(inputs) / self.reach) ** 2)
        return (softmax(logits, visible) * gaussian).astype(logits.dtype)

    def selection_lines(self, pair: WeightPair) -> Lines:
        """The predicted centre p, and whether the key is within `reach` of it"""
        hidden = pair.param("w_centre") @ pair.q
        centre = products(
            "vᵀtanh(Wq)",
            ("v", pair.param("v_centre")),
            ("tanh(Wq)", np.tanh(hidden)),
            before=(("Wq", hidden),),
        )
        yield centre
        last = pair.inputs.grid.n_key - 1
        p = last * float(sigmoid(np.array(centre.value)))
        yield ArithmeticLine("p", (last, " × σ(", centre.value, ")"), p)
        pieces = ("[|", pair.j, " − ", p, "| ≤ ", self.reach, "]")
        yield ArithmeticLine("in window", pieces, float(abs(pair.j - p) <= self.reach))

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The softmax over the window, the Gaussian, and their product"""
        *lines, share = softmax_lines(pair, ("logit", pair.row), label="softmax")
        yield from (*lines, share)
        p = next(line.value for line in self.selection_lines(pair) if line.label == "p")
        gaussian = float(np.exp(-2.0 * ((pair.j - p) / self.reach) ** 2))
        width = self.reach / 2.0
        pieces = ("exp(−(", pair.j, " − ", p, ")² / (2 × ", width, "²))")
        yield ArithmeticLine("Gaussian", pieces, gaussian)
        yield ArithmeticLine("weight", (share.value, " × ", gaussian), pair.weight)


PARTS: tuple[type[Normalizer], ...] = (Softmax, Hard, LocalPredictive)
