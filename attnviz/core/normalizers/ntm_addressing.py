"""Neural Turing Machine addressing: content, interpolation, shift, sharpening."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import divide_by_row_sum, sigmoid, softmax, softplus
from attnviz.core.visibility import broadcast_visible, visible_to_any

PARAM_NAMES = ("w_ntm_strength", "w_ntm_gate", "w_ntm_shift", "w_ntm_power")


class NtmAddressing(Normalizer):
    """Content weights, interpolated with the previous row, shifted circularly, and sharpened.

    Formula: c = softmax(β S_i), g = γ c + (1−γ) w_{i−1}, s_j = Σ_{a=−1,0,1} t_a g_{j−a} around
    the ends, w_i = s^ρ / Σ s^ρ; β = softplus(w·q), γ = σ(w·q), t = softmax(W q),
    ρ = 1 + softplus(w·q); the row before the first query is uniform
    Paper: 1410.5401 (where w₋₁ is learned)
    """

    name = "ntm-addressing"
    aliases = ("addressing",)
    row_local = False
    prefix_stable = False  # the shift is circular, and the first row starts from a uniform one

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """Strength, gate and power [1, d], shift [3, d]"""
        one = (1, sizes.d)
        return dict(zip(PARAM_NAMES, (one, one, (3, sizes.d), one), strict=True))

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        shown = broadcast_visible(inputs, visible)
        strength, gate, shift, power = (inputs.project(name, inputs.query) for name in PARAM_NAMES)
        content = softmax(softplus(strength) * np.where(shown, logits, 0.0), shown)
        gate, shift = sigmoid(gate), softmax(shift, np.ones(1, dtype=bool))
        weights, now = np.zeros_like(content), uniform_start(shown)
        for i in range(content.shape[1]):
            mixed = gate[:, i] * content[:, i] + (1.0 - gate[:, i]) * now
            moved = sum(np.roll(mixed, a - 1, axis=-1) * shift[:, i, a, None] for a in range(3))
            weights[:, i] = sharpen(np.where(shown[:, i], moved, 0.0), 1.0 + softplus(power[:, i]))
            now = np.where(shown[:, i].any(-1, keepdims=True), weights[:, i], now)
        return weights


def uniform_start(shown: BoolArray) -> FloatArray:
    """Equal weights on the keys visible to any query.    [head, query, key] -> [head, key]"""
    keys = visible_to_any(shown)[:, 0]
    return softmax(np.zeros(keys.shape), keys)


def sharpen(weights: FloatArray, power: FloatArray) -> FloatArray:
    """w^ρ / Σ w^ρ; a row of zeros stays zero.    [head, key], [head, 1] -> [head, key]"""
    peak = weights.max(-1, keepdims=True, initial=0.0)
    mass = np.divide(weights, peak, out=np.zeros_like(weights), where=peak > 0) ** power
    return divide_by_row_sum(mass)


PARTS = (NtmAddressing,)
