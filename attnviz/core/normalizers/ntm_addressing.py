"""Neural Turing Machine addressing: content, interpolation, shift, sharpening."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arithmetic import SAFE_LOGIT, ArithmeticLine, Lines, WeightPair
from attnviz.core.arithmetic.worksheet import Worksheet
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import divide_by_row_sum, sigmoid, softmax, softplus
from attnviz.core.visibility import broadcast_visible, visible_to_any

PARAM_NAMES = ("w_ntm_strength", "w_ntm_gate", "w_ntm_shift", "w_ntm_power")
MOVES = ("left", "stay", "right")


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
    n_array = 3
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

    def explain_lines(self, pair: WeightPair) -> Lines:
        """β, γ, t and ρ of the query; content, interpolation, shift, sharpening"""
        strength, gate, shift, power = (pair.param(name) @ pair.q for name in PARAM_NAMES)
        sheet = Worksheet(["strength", "gate", "power"])
        sheet.row("w·q", np.concatenate([strength, gate, power]))
        of_query = {}
        for name, before, drive, after, value in (
            ("β", "log(1 + exp(", strength, "))", softplus(strength)),
            ("γ", "σ(", gate, ")", sigmoid(gate)),
            ("ρ", "1 + log(1 + exp(", power, "))", 1.0 + softplus(power)),
        ):
            of_query[name] = float(value[0])
            yield sheet.line(name, (before, float(drive[0]), after), of_query[name])
        sheet = Worksheet(MOVES)
        sheet.row("Wq", shift)
        sheet.row("exp(Wq)", np.exp(shift))
        total = float(np.exp(shift).sum())
        yield sheet.line("total", ("Σ exp(Wq)",), total)
        for name, mass in zip(MOVES, np.exp(shift).tolist(), strict=True):
            yield ArithmeticLine(name, (mass, " / ", total), mass / total)
        yield from self.row_lines(pair, of_query, np.exp(shift) / total)

    def row_lines(
        self, pair: WeightPair, of_query: Mapping[str, float], moves: FloatArray
    ) -> Lines:
        """The row of weights; `moves` are the shares of the three shifts.    [3] -> lines"""
        shown = pair.visible[pair.head, pair.query]
        logits = np.where(shown, pair.all_logits, -np.inf)
        sheet, exponent, peak = Worksheet(pair.columns), "β × logit", 0.0
        sheet.row("logit", logits)
        if of_query["β"] * np.abs(logits[shown]).max() > SAFE_LOGIT:
            peak, exponent = of_query["β"] * float(logits.max()), "β × logit − max"
            yield sheet.line("max", ("max(β × logit)",), peak)
        content, before = np.exp(of_query["β"] * logits - peak), self.row_before(pair)
        sheet.row(f"exp({exponent})", content)
        total, gate = float(content.sum()), of_query["γ"]
        yield sheet.line("row sum", (f"Σ exp({exponent})",), total)
        mixed = gate * content / total + (1.0 - gate) * before
        sheet.row("α of the row before", before)
        formula = f"γ × exp({exponent}) / row sum + (1 − γ) × α of the row before"
        sheet.row("g", mixed, formula)
        left, right = np.roll(mixed, -1), np.roll(mixed, 1)
        sheet.row("g left", left)
        sheet.row("g right", right)
        moved = moves[0] * left + moves[1] * mixed + moves[2] * right
        formula = "left × g left + stay × g + right × g right"
        if not shown.all():
            sheet.row("visible", shown.astype(float))
            moved, formula = moved * shown, f"visible × ({formula})"
        sheet.row("s", moved, formula)
        mass = moved ** of_query["ρ"]
        sheet.row("s^ρ", mass)
        total = float(mass.sum())
        yield sheet.line("sum of s^ρ", ("Σ s^ρ",), total)
        yield ArithmeticLine("weight", (float(mass[pair.key]), " / ", total), pair.weight)

    def row_before(self, pair: WeightPair) -> FloatArray:
        """The last row with visible keys; before the first, a uniform one.    -> [key]"""
        shown = pair.visible[pair.head]
        earlier = np.flatnonzero(shown[: pair.query].any(axis=-1))
        row: FloatArray = (
            pair.weights[pair.head, earlier[-1]]
            if earlier.size
            else uniform_start(pair.visible)[pair.head]
        )
        return row


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
