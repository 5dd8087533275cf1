"""Distance biases: how far a key is costs score, by a curve that is learned or fixed."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.biases import Bias
from attnviz.core.numerics import sigmoid, softplus
from attnviz.core.part import Inputs, Sizes


class KerpleLog(Bias):
    """Distance costs its logarithm; price and pace are learned for each head.

    Formula: S - r₁ log(1 + r₂ |i - j|), r₁ and r₂ kept above 0 by softplus
    Paper: 2205.09921
    """

    name = "kerple-log"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """r₁ [], r₂ []"""
        del sizes
        return {"price_log": (), "pace_log": ()}

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        price, pace = (
            softplus(inputs.param(f"{n}_log"))[:, None, None] for n in ("price", "pace")
        )
        return logits - price * np.log1p(pace * np.abs(inputs.grid.q - inputs.grid.k))


class KerplePower(Bias):
    """Distance costs a power of itself; price and power are learned for each head.

    Formula: S - r₁ |i - j|^r₂, r₁ kept above 0 by softplus, r₂ between 0 and 2 by 2σ
    Paper: 2205.09921
    """

    name = "kerple-power"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """r₁ [], r₂ []"""
        del sizes
        return {"price_power": (), "power_power": ()}

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        price = softplus(inputs.param("price_power"))[:, None, None]
        power = 2.0 * sigmoid(inputs.param("power_power"))[:, None, None]
        return logits - price * np.abs(inputs.grid.q - inputs.grid.k) ** power


class Sandwich(Bias):
    """How alike the sinusoids of two positions are; late heads hear less of it.

    Formula: S + Σ_t cos((i - j) / base^(2t/waves)) / r_h over waves/2 terms, r_h = 8 (h+1)/heads
    Paper: 2212.10356
    """

    name = "sandwich"
    limits: ClassVar = {"waves": (2, 65536), "base": (1.0, inf)}
    waves: int = 128
    base: float = 10000.0

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        grid = inputs.grid
        paces = self.base ** (-np.arange(0, self.waves, 2) / self.waves)
        steps = grid.q - grid.k
        first = steps.min()
        alike = np.cos(np.arange(first, steps.max() + 1)[:, None] * paces).sum(-1)
        return logits + alike[steps - first] / (8.0 * (grid.h + 1) / grid.n_head)


class DistanceNetwork(Bias):
    """A small network turns a distance into a bias. Its widths are `hidden`.

    Formula: S + vᵀ relu(w x + b) + c, x what the part makes of the distance
    """

    hidden: int
    suffix: ClassVar[str]

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [hidden], b [hidden], v [hidden], c []"""
        del sizes
        wide = (self.hidden,)
        return {f"{n}_{self.suffix}": () if n == "c" else wide for n in "wbvc"}

    def curve(self, x: FloatArray, inputs: Inputs) -> FloatArray:
        """The network.    [head | 1, query, key] -> [head, query, key]"""
        w, b, v, c = (inputs.param(f"{n}_{self.suffix}") for n in "wbvc")
        bias = np.zeros(np.broadcast_shapes(x.shape, (len(v), 1, 1))) + c[:, None, None]
        for unit in range(self.hidden):  # one [head, query, key] at a time
            inner = w[:, unit, None, None] * x + b[:, unit, None, None]
            bias += v[:, unit, None, None] * np.maximum(inner, 0.0)
        return bias


class Fire(DistanceNetwork):
    """Distance as a share of how far the query could look, through a small network.

    Formula: S + f(ψ(i - j) / ψ(max(L, i))), ψ(x) = log(|c| x + 1), L = |l| threshold;
    later keys, which causal masks hide, count as distance 0
    Paper: 2310.04418
    """

    name = "fire"
    suffix = "fire"
    limits: ClassVar = {"hidden": (1, 65536), "threshold": (1.0, inf)}
    hidden: int = 32
    threshold: float = 512.0

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """c [], l [], and what the network needs"""
        return {**super().param_shapes(sizes), "pace_fire": (), "threshold_fire": ()}

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        grid = inputs.grid
        pace = np.abs(inputs.param("pace_fire"))[:, None, None]
        least = self.threshold * np.abs(inputs.param("threshold_fire"))[:, None, None]
        near = np.log1p(pace * np.maximum(grid.q - grid.k, 0))
        far = np.log1p(pace * np.maximum(least, grid.q))
        share = np.divide(near, far, out=np.zeros_like(near), where=far > 0)
        return logits + self.curve(share, inputs)


class LogDistance(DistanceNetwork):
    """The logarithm of the distance, with its sign, through a small network.

    Formula: S + f(sign(j - i) log(1 + |j - i|))
    Paper: 2111.09883 (Swin V2, there for two coordinates)
    """

    name = "log-distance"
    suffix = "log_distance"
    limits: ClassVar = {"hidden": (1, 65536)}
    hidden: int = 32

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        steps = inputs.grid.k - inputs.grid.q
        return logits + self.curve(np.sign(steps) * np.log1p(np.abs(steps)), inputs)


PARTS: tuple[type[Bias], ...] = (KerpleLog, KerplePower, Sandwich, Fire, LogDistance)
