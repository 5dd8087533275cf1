"""Length- and distance-dependent normalizers: scalable softmax, adaptive span, fixed Gaussian."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Piece, WeightPair, softmax_lines
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import sigmoid, softmax


class ScalableSoftmax(Normalizer):
    """Scalable softmax (SSMax): the base is the number of keys, against flattening with length.

    Formula: n^(s S) / Σ n^(s S), n the visible keys of the row, s learned per head
    Paper: 2501.19399
    """

    name = "scalable-softmax"
    aliases = ("scalable", "ssmax")

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """s []"""
        del sizes
        return {"s_scalable": ()}

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """s = 0.43, the value of the paper's experiments with a fixed s"""
        del sizes
        return {"s_scalable": Initial(0.43)}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        visible = np.broadcast_to(visible, logits.shape)
        n_visible = np.maximum(visible.sum(-1, keepdims=True), 1)
        factor = np.log(n_visible) * inputs.param("s_scalable")[:, None, None]
        # A score of -inf has weight 0; multiplied by a factor ≤ 0 it would not.
        finite = visible & (logits > -np.inf)
        return softmax(np.where(finite, logits, 0.0) * factor, finite)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The factor s log n, and the softmax of the scores times it."""
        s, n = pair.learned("s", "s_scalable"), int(pair.visible[pair.head, pair.query].sum())
        yield s
        factor = s.value * float(np.log(n))
        yield ArithmeticLine("s log n", (s.value, " × log(", n, ")"), factor)
        scaled = ("s log n × logit", factor * pair.row)
        yield from softmax_lines(pair, ("logit", pair.row), scaled)


class AdaptiveSpan(Normalizer):
    """Adaptive span: a learned span per head, with a linear ramp at its end.

    Formula: m exp(S) / Σ m exp(S), m = clamp((z_h + ramp - |i - j|) / ramp, 0, 1),
    z_h = longest σ(learned)
    Paper: 1905.07799 (which keeps z between 0 and `longest` by clamping)
    """

    name = "adaptive-span"
    limits: ClassVar = {"ramp": (1e-6, inf), "longest": (0.0, inf)}
    ramp: float = 2.0
    longest: float = 8.0

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """z []"""
        del sizes
        return {"z_span": ()}

    def span_mask(self, inputs: Inputs) -> FloatArray:
        """m, the soft mask over distances.    -> [head, query, key]"""
        span = self.longest * sigmoid(inputs.param("z_span"))[:, None, None]
        distance = np.abs(inputs.grid.q - inputs.grid.k)
        return np.clip((span + self.ramp - distance) / self.ramp, 0.0, 1.0)

    def restrict_visible(
        self, logits: FloatArray, visible: BoolArray, inputs: Inputs
    ) -> BoolArray:
        """Keys within the span.    -> [head, query, key]"""
        del logits
        return visible & (self.span_mask(inputs) > 0.0)

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        soft_mask = self.span_mask(inputs)
        log_mask = np.log(np.where(soft_mask > 0.0, soft_mask, 1.0))
        return softmax(np.where(visible, logits, 0.0) + log_mask, visible)

    def selection_lines(self, pair: WeightPair) -> Lines:
        """The span z of the head, and whether the soft mask m of the key is above 0."""
        learned = pair.learned("a", "z_span")
        yield learned
        span = self.longest * float(sigmoid(np.array(learned.value)))
        yield ArithmeticLine("z", (self.longest, " × σ(", learned.value, ")"), span)
        m = float(np.clip((span + self.ramp - pair.distance) / self.ramp, 0.0, 1.0))
        distance: tuple[Piece, ...] = ("|", pair.i, " − ", pair.j, "|")
        ramp = ("(", span, " + ", self.ramp, " − ", *distance, ") / ", self.ramp)
        yield ArithmeticLine("m", ("min(max(", *ramp, ", 0), 1)"), m)
        yield ArithmeticLine("in span", ("[", m, " > 0]"), float(m > 0.0))

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The soft mask of each key, and the softmax of the scores plus its logarithm."""
        span = self.longest * float(sigmoid(pair.param("z_span")))
        away = np.abs(pair.i - pair.inputs.grid.k[0, 0])[pair.visible_keys].astype(float)
        m = np.clip((span + self.ramp - away) / self.ramp, 0.0, 1.0)
        m_name = f"min(max((z + {self.ramp:.6g} − |i − j|) / {self.ramp:.6g}, 0), 1)"
        log_name = f"logit + log({m_name})"
        rows = (("logit", pair.row), ("|i − j|", away), (m_name, m))
        yield from softmax_lines(pair, *rows, (log_name, pair.row + np.log(m)))


class Gaussian(Normalizer):
    """Hard-coded Gaussian attention: centred one position before or `ahead` after the query.

    Formula: exp(-(j - i - o)² / (2 spread²)) / (spread √(2π)), o = -1 in even heads, `ahead` in
    odd ones; the scores do not take part
    Paper: 2005.00742
    """

    name = "gaussian"
    row_sum = "any"  # a density, sampled at integer positions and cut off at the ends
    limits: ClassVar = {"spread": (0.05, inf)}
    spread: float = 1.0
    ahead: int = 1

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        grid = inputs.grid
        offset = np.where(grid.h % 2, self.ahead, -1)
        deviation = (grid.k - grid.q - offset) / self.spread
        density = np.exp(-0.5 * deviation**2) / (self.spread * np.sqrt(2.0 * np.pi))
        return np.where(visible, density, 0.0).astype(logits.dtype)

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The offset of the head, and the density at the key."""
        offset = self.ahead if pair.head % 2 else -1
        parity = "odd" if pair.head % 2 else "even"
        yield ArithmeticLine("o", (f"of {parity} heads",), float(offset))
        deviation: tuple[Piece, ...] = ("(", pair.j, " − ", pair.i, " − ", offset, ")²")
        below = (" / (2 × ", self.spread, "²)) / (", self.spread, " × √(2 × π))")
        yield ArithmeticLine("weight", ("exp(−", *deviation, *below), pair.weight)


PARTS: tuple[type[Normalizer], ...] = (ScalableSoftmax, AdaptiveSpan, Gaussian)
