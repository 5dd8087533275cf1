"""Normalizers: softmax and its alternatives, from a row of logits to a row of weights.

Each holds for every row: masked weights are exactly 0, a row without a visible key is all
zeros, and finite logits of any size do not overflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar, NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.map_metadata import RowSum
from attnviz.core.numerics import sigmoid, softmax
from attnviz.core.part import Part


class ArithmeticLine(NamedTuple):
    """One line of arithmetic: its label, the formula in numbers, the result."""

    label: str
    expression: str
    value: float


class Normalizer(Part):
    """The function that turns logits into weights, row by row."""

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

    def explain_lines(
        self, logits: FloatArray, weights: FloatArray, key: int
    ) -> tuple[ArithmeticLine, ...]:
        """The arithmetic of one weight, its value last; `logits` are -inf where masked.

        Shapes: [key], [key] -> lines
        """
        del logits
        return (ArithmeticLine("weight", f"{self} over the row", float(weights[key])),)


class Softmax(Normalizer):
    """Softmax: exponentials divided by their sum.

    Formula: exp(S) / Σ exp(S)
    """

    name = "softmax"

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        return softmax(logits, visible)

    def explain_lines(
        self, logits: FloatArray, weights: FloatArray, key: int
    ) -> tuple[ArithmeticLine, ...]:
        """exp, row sum, quotient"""
        peak = logits.max()
        mass = np.exp(logits - peak)
        total = float(mass.sum())
        mass_of_key = float(mass[key])
        formula = f"exp({logits[key]:.6g} − {peak:.6g}), minus the row maximum"
        return (
            ArithmeticLine("exp", formula, mass_of_key),
            ArithmeticLine("row sum", "Σ of these over all visible keys", total),
            ArithmeticLine("weight", f"{mass_of_key:.6g} / {total:.6g}", float(weights[key])),
        )


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


PARTS: tuple[type[Normalizer], ...] = (Softmax, Hard, LocalPredictive)
