"""Normalizers: from a row of logits to a row of weights.

Each keeps its promise on every row: hidden weights are exactly 0, a row that sees nothing is
all zeros, and logits of any finite size do not overflow.
"""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar, NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.numerics import sigmoid, softmax
from attnviz.core.part import Inputs, Part, RowSum, Sizes


class Line(NamedTuple):
    """A line of arithmetic: what it is, how it is reckoned, what comes out."""

    label: str
    reckoning: str
    value: float


class Normalize(Part):
    """Logits to weights, each row for itself."""

    row_sum: ClassVar[RowSum] = "1"
    signed: ClassVar[bool] = False

    def narrow(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> BoolArray:
        """Keys that stay visible once the logits are known.    -> [head, query, key]"""
        del logits, inputs
        return visible

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        raise TypeError(f"{type(self).__name__} does not say how it normalizes")

    def lines(self, logits: FloatArray, weights: FloatArray, key: int) -> tuple[Line, ...]:
        """How one weight came about, in numbers; `logits` are -inf where hidden.

        Shapes: [key], [key] -> lines
        """
        del logits
        return (Line("weight", f"{self} over the row", float(weights[key])),)


class Softmax(Normalize):
    """Shares in proportion to the exponential of the score.

    Formula: exp(S) / Σ exp(S)
    """

    name = "softmax"

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        return softmax(logits, visible)

    def lines(self, logits: FloatArray, weights: FloatArray, key: int) -> tuple[Line, ...]:
        """exp, row sum, quotient"""
        peak = logits.max()
        mass = np.exp(logits - peak)
        total = float(mass.sum())
        own = float(mass[key])
        return (
            Line("exp", f"exp({logits[key]:.6g} − {peak:.6g}), the row's largest taken off", own),
            Line("row sum", "Σ of these over all visible keys", total),
            Line("weight", f"{own:.6g} / {total:.6g}", float(weights[key])),
        )


class Hard(Normalize):
    """All weight on the best key; of equals, the first.

    Formula: 1 where S is the row's maximum, else 0
    Paper: 1502.03044 (hard attention, here without sampling)
    """

    name = "hard"

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        logits = np.where(visible, logits, -np.inf)
        keys = np.arange(logits.shape[-1])
        best = keys == logits.argmax(-1, keepdims=True)
        return (best & (logits > -np.inf)).astype(logits.dtype)


class LocalPredictive(Normalize):
    """The query predicts where to look; softmax there, damped by the distance from that place.

    Formula: p = (n-1) σ(vᵀ tanh(W q)),
    A = softmax(S) · exp(-(j-p)² / (2 (reach/2)²)) where |j-p| ≤ reach
    Paper: 1508.04025 (Luong's "local-p"; it writes p = n σ(…), for positions from 1 to n)
    """

    name = "local-p"
    row_sum = "at most 1"
    prefix_stable = False  # the place is a share of the length
    limits: ClassVar = {"reach": (0.5, inf)}
    reach: float = 3.0

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [d, d], v [d]"""
        return {"w_centre": (sizes.d, sizes.d), "v_centre": (sizes.d,)}

    def distance(self, inputs: Inputs) -> FloatArray:
        """How far each key is from the predicted place.    -> [head, query, key]"""
        hidden = np.tanh(inputs.query @ inputs.param("w_centre").swapaxes(-1, -2))
        place = sigmoid(hidden @ inputs.param("v_centre")[..., None]) * (inputs.grid.n_key - 1)
        return np.abs(inputs.grid.k - place)

    def narrow(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> BoolArray:
        """Keys within reach of the predicted place.    -> [head, query, key]"""
        del logits
        return visible & (self.distance(inputs) <= self.reach)

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        nearness = np.exp(-2.0 * (self.distance(inputs) / self.reach) ** 2)
        return (softmax(logits, visible) * nearness).astype(logits.dtype)


PARTS: tuple[type[Normalize], ...] = (Softmax, Hard, LocalPredictive)
