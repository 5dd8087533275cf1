"""Mamba-2 as the weight matrix it implies, and its log-linear state."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, MapPair, Piece
from attnviz.core.arithmetic.worksheet import Worksheet, subscript
from attnviz.core.arrays import BoolArray, FloatArray, IntArray, Shape
from attnviz.core.initialization import Initial, LogOfUniform, StepBias
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import CausalMixer
from attnviz.core.mixers.gated_recurrence import causal_part, decay_scores, select_query_steps
from attnviz.core.numerics import silu, softplus
from attnviz.core.visibility import causal_history


class Mamba2(CausalMixer):
    """Mamba-2: a selective state space with a scalar decay per head and step sizes per token.

    Formula: h_t = a_t h_{t−1} + Δ_t k_t v_tᵀ, o_t = h_tᵀ q_t, Δ = softplus(w·x + b),
    a = exp(−exp(rate) Δ), q and k after SiLU, and the skip D x_t added to the output;
    A_ij = (q_i·k_j) Δ_j Π_{j<l≤i} a_l, plus D where i = j. With `levels`, a log-linear state:
    the first term times λ_i = softplus(s ∘ W x_i) at level(i, j), the number of binary digits of
    i xor j, at most levels − 1.
    Paper: 2405.21060 (C is the query, B the key; without layer inputs, x is the key or the
    query), 2506.04761 (levels)
    """

    name = "mamba2"
    aliases = ("state-space",)
    formula = "(qᵢ·kⱼ) Δⱼ Π aₗ, j<l≤i"
    signed = True
    limits: ClassVar = {"levels": (0, 53)}
    levels: int = 0

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [1, d_model], b [], rate [], D [], W [levels, d_model], s [levels]"""
        shapes = {"w_step": (1, sizes.d_model), "b_step": (), "log_rate": (), "d_skip": ()}
        if self.levels:
            shapes |= {"w_levels": (self.levels, sizes.d_model), "s_levels": (self.levels,)}
        return shapes

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """exp(rate) uniform in 1 to 16, softplus(b) log-uniform in 0.001 to 0.1, D = s = 1"""
        del sizes
        rate, step = LogOfUniform(low=1.0, high=16.0), StepBias(low=1e-3, high=0.1)
        scale = {"s_levels": Initial(1.0)} if self.levels else {}
        return {"log_rate": rate, "b_step": step, "d_skip": Initial(1.0), **scale}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = causal_history(inputs, visible, self.name)
        key = np.where(unmasked, inputs.key, 0.0)
        offset = inputs.param("b_step")[:, None, None]
        raw_step = inputs.project("w_step", inputs.key_source) + offset
        step = softplus(np.where(unmasked, raw_step, -np.inf))
        total = np.cumsum(-np.exp(inputs.param("log_rate"))[:, None, None] * step, axis=1)
        at_query = select_query_steps(total, inputs)
        query, key = silu(inputs.query), silu(key)
        weights = causal_part(decay_scores(query, key * step, at_query, total), inputs)
        if self.levels:
            weights *= self.level_factors(inputs, unmasked)
        diagonal = inputs.grid.q == inputs.grid.k
        return weights + inputs.param("d_skip")[:, None, None] * diagonal

    def level_factors(self, inputs: Inputs, unmasked: BoolArray) -> FloatArray:
        """λ of the level of each pair: one level for each bucket of a Fenwick tree.

        Masked tokens take no position.
        Shapes: [head | 1, key, 1] -> [head, query, key]
        """
        scale = inputs.param("s_levels")[:, None]
        factors = softplus(scale * inputs.project("w_levels", inputs.query_source))
        at_key = count_before(unmasked)
        at_query = at_key[:, inputs.grid.q[0, :, 0]]
        n_digit = np.frexp((at_query ^ at_key.swapaxes(1, 2)).astype(float))[1]
        level = np.minimum(n_digit, self.levels - 1)
        shape = (factors.shape[0], *level.shape[1:])
        return np.take_along_axis(factors, np.broadcast_to(level, shape), axis=-1)

    def past_lines(self, pair: MapPair, tokens: list[int]) -> Lines:
        """Δ of the key, the decays of the tokens after it, and their product with q·k"""
        bias, log_rate = pair.learned("b", "b_step"), pair.learned("rate", "log_rate")
        drive = pair.of_head(pair.inputs.project("w_step", pair.inputs.key_source))[:, 0]
        yield bias
        yield log_rate
        sheet = Worksheet([pair.columns[t] for t in tokens])
        sheet.row("w·x", drive[tokens])
        pieces: list[Piece] = []
        value = 1.0
        for t in tokens:
            step = float(softplus(drive[t] + bias.value))
            name = subscript("Δ", t)
            pieces_of_step = ("log(1 + exp(", float(drive[t]), " + ", bias.value, "))")
            yield sheet.line(name, pieces_of_step, step)
            factor = step
            if t > pair.j:
                factor = float(np.exp(-np.exp(log_rate.value) * step))
                decay = ("exp(−exp(", log_rate.value, ") × ", step, ")")
                yield ArithmeticLine(subscript("a", t), decay, factor)
            value *= factor
            pieces += [" × ", factor]
        query, key = silu(pair.q), silu(pair.k)
        sheet = Worksheet()
        sheet.row("q", pair.q)
        sheet.row("k", pair.k)
        inner = sheet.sum_of_products("q·k", {"silu(q)": query, "silu(k)": key})
        yield inner
        if self.levels:
            *lines, factor_line = self.level_lines(pair)
            yield from (*lines, factor_line)
            pieces += [" × ", factor_line.value]
        if pair.i == pair.j:
            skip = pair.learned("D", "d_skip")
            yield skip
            pieces += [" + ", skip.value]
        yield ArithmeticLine("weight", (inner.value, *pieces), pair.weight)

    def level_lines(self, pair: MapPair) -> Lines:
        """The level of the pair, and its λ"""
        inputs = pair.inputs
        drive = pair.of_head(inputs.project("w_levels", inputs.query_source))[pair.query]
        scale = pair.param("s_levels")
        at = count_before(pair.visible[pair.head].any(axis=0)[None, :, None])[0, :, 0]
        first, second = int(at[pair.i]), int(at[pair.j])
        level = min((first ^ second).bit_length(), self.levels - 1)
        digits = ("min(bits(", first, " xor ", second, "), ", self.levels - 1, ")")
        yield ArithmeticLine("level", digits, float(level))
        sheet = Worksheet()
        sheet.row("Wx", drive)
        sheet.row("s", scale)
        pieces = ("log(1 + exp(", float(scale[level]), " × ", float(drive[level]), "))")
        yield sheet.line("λ", pieces, float(softplus(scale[level] * drive[level])))


def count_before(unmasked: BoolArray) -> IntArray:
    """The number of unmasked tokens before each.    [head | 1, key, 1] -> same"""
    return np.maximum(np.cumsum(unmasked, axis=1) - 1, 0)


PARTS = (Mamba2,)
