"""Shaped: softmax, made sharper or softer by where the query stands."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.normalizers import Normalize
from attnviz.core.numerics import sigmoid, softmax
from attnviz.core.part import Inputs, Sizes


class ScalableSoftmax(Normalize):
    """Softmax that stays as sharp when there are many keys: its base is their number.

    Formula: n^(s S) / Σ n^(s S), n the keys that the row sees, s learned for each head
    Paper: 2501.19399
    """

    name = "scalable"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """s []"""
        del sizes
        return {"s_scalable": ()}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        visible = np.broadcast_to(visible, logits.shape)
        number = np.maximum(visible.sum(-1, keepdims=True), 1)
        sharp = np.log(number) * inputs.param("s_scalable")[:, None, None]
        # A score of -inf has no share; times a negative or a zero it would get one.
        seen = visible & (logits > -np.inf)
        return softmax(np.where(seen, logits, 0.0) * sharp, seen)


class AdaptiveSpan(Normalize):
    """Each head learns how far back it looks; at the end of its span weight fades out.

    Formula: m exp(S) / Σ m exp(S), m = clamp((z_h + ramp - (i - j)) / ramp, 0, 1),
    z_h = longest σ(learned)
    Paper: 1905.07799 (there z is kept between 0 and longest by clamping)
    """

    name = "adaptive-span"
    limits: ClassVar = {"ramp": (1e-6, inf), "longest": (0.0, inf)}
    ramp: float = 2.0
    longest: float = 8.0

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """z []"""
        del sizes
        return {"z_span": ()}

    def nearness(self, inputs: Inputs) -> FloatArray:
        """m.    -> [head, query, key]"""
        span = self.longest * sigmoid(inputs.param("z_span"))[:, None, None]
        steps = np.abs(inputs.grid.q - inputs.grid.k)
        return np.clip((span + self.ramp - steps) / self.ramp, 0.0, 1.0)

    def narrow(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> BoolArray:
        """Keys within the span.    -> [head, query, key]"""
        del logits
        return visible & (self.nearness(inputs) > 0.0)

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        near = self.nearness(inputs)
        faded = np.where(visible, logits, 0.0) + np.log(np.where(near > 0.0, near, 1.0))
        return softmax(faded, visible)


class Gaussian(Normalize):
    """A bell around a neighbour of the query's own place; the words do not matter.

    Formula: exp(-(j - i - o)² / (2 spread²)) / (spread √(2π)), o = -1 and `ahead` in turns by
    head
    Paper: 2005.00742
    """

    name = "gaussian"
    row_sum = "any"  # the bell is cut off at the ends, and read at whole places
    limits: ClassVar = {"spread": (0.05, inf)}
    spread: float = 1.0
    ahead: int = 1

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        grid = inputs.grid
        offset = np.where(grid.h % 2, self.ahead, -1)
        away = (grid.k - grid.q - offset) / self.spread
        bell = np.exp(-0.5 * away**2) / (self.spread * np.sqrt(2.0 * np.pi))
        return np.where(visible, bell, 0.0).astype(logits.dtype)


PARTS: tuple[type[Normalize], ...] = (ScalableSoftmax, AdaptiveSpan, Gaussian)
