"""Addressing as a neural Turing machine does it: by content, then from where it stood."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.normalizers import Normalize
from attnviz.core.numerics import share_of_sum, sigmoid, softmax, softplus
from attnviz.core.part import Inputs, Sizes
from attnviz.core.visibility import by_anyone, pairs

LEARNED = ("w_ntm_strength", "w_ntm_gate", "w_ntm_shift", "w_ntm_power")


class Addressing(Normalize):
    """Content says a place, a gate keeps the last one, a shift moves it, a power sharpens it.

    Formula: c = softmax(β S_i), g = γ c + (1−γ) w_{i−1}, s_j = Σ_{a=−1,0,1} t_a g_{j−a} around
    the ends, w_i = s^ρ / Σ s^ρ; β = softplus(w·q), γ = σ(w·q), t = softmax(W q),
    ρ = 1 + softplus(w·q); before the first query, weight is spread evenly
    Paper: 1410.5401 (which lets w₋₁ be learned)
    """

    name = "addressing"
    row_local = False
    prefix_stable = False  # the ends of the memory meet, and weight begins everywhere

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """Strength, gate and power [1, d], shift [3, d]"""
        one = (1, sizes.d)
        return dict(zip(LEARNED, (one, one, (3, sizes.d), one), strict=True))

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        shown = pairs(inputs, visible)
        strength, gate, ways, power = (inputs.project(name, inputs.query) for name in LEARNED)
        content = softmax(softplus(strength) * np.where(shown, logits, 0.0), shown)
        gate, ways = sigmoid(gate), softmax(ways, np.ones(1, dtype=bool))
        weights, now = np.zeros_like(content), evenly(shown)
        for i in range(content.shape[1]):
            mixed = gate[:, i] * content[:, i] + (1.0 - gate[:, i]) * now
            made = sum(np.roll(mixed, a - 1, axis=-1) * ways[:, i, a, None] for a in range(3))
            weights[:, i] = sharpened(
                np.where(shown[:, i], made, 0.0), 1.0 + softplus(power[:, i])
            )
            now = np.where(shown[:, i].any(-1, keepdims=True), weights[:, i], now)
        return weights


def evenly(shown: BoolArray) -> FloatArray:
    """The same weight on every key that is seen at all.    [head, query, key] -> [head, key]"""
    seen = by_anyone(shown)[:, 0]
    return softmax(np.zeros(seen.shape), seen)


def sharpened(weights: FloatArray, power: FloatArray) -> FloatArray:
    """w^ρ / Σ w^ρ; nothing stays nothing.    [head, key], [head, 1] -> [head, key]"""
    peak = weights.max(-1, keepdims=True, initial=0.0)
    mass = np.divide(weights, peak, out=np.zeros_like(weights), where=peak > 0) ** power
    return share_of_sum(mass)


PARTS = (Addressing,)
