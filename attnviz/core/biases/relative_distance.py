"""Relative distance biases: KERPLE, Sandwich, FIRE, log-CPB."""

from __future__ import annotations

from collections.abc import Generator, Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, dimension_table
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.biases import Bias
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.numerics import sigmoid, softplus


class KerpleLog(Bias):
    """Logarithmic KERPLE: a log-distance penalty with two learned parameters per head.

    Formula: S - r₁ log(1 + r₂ |i - j|), r₁ and r₂ kept above 0 by softplus
    Paper: 2205.09921
    """

    name = "kerple-log"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """r₁ [], r₂ []"""
        del sizes
        return {"price_log": (), "pace_log": ()}  # names seed the values: kept

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        scale, rate = (
            softplus(inputs.param(f"{n}_log"))[:, None, None] for n in ("price", "pace")
        )
        return logits - scale * np.log1p(rate * np.abs(inputs.grid.q - inputs.grid.k))

    def term_lines(self, pair: Pair, term: float) -> Lines:
        """r₁, r₂ and the penalty"""
        scale, rate = yield from softplus_lines(pair, ("r₁", "price_log"), ("r₂", "pace_log"))
        pieces = ("(−", scale, " × log(1 + ", rate, " × ", pair.distance, "))")
        yield ArithmeticLine("penalty", pieces, term)


class KerplePower(Bias):
    """Power KERPLE: a penalty of a power of the distance, scale and exponent learned per head.

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
        scale = softplus(inputs.param("price_power"))[:, None, None]
        exponent = 2.0 * sigmoid(inputs.param("power_power"))[:, None, None]
        return logits - scale * np.abs(inputs.grid.q - inputs.grid.k) ** exponent

    def term_lines(self, pair: Pair, term: float) -> Lines:
        """r₁, r₂ and the penalty"""
        (scale,) = yield from softplus_lines(pair, ("r₁", "price_power"))
        learned = pair.learned("b", "power_power")
        yield learned
        exponent = 2.0 * float(sigmoid(np.array(learned.value)))
        yield ArithmeticLine("r₂", ("2 × σ(", learned.value, ")"), exponent)
        pieces = ("(−", scale, " × ", pair.distance, "^", exponent, ")")
        yield ArithmeticLine("penalty", pieces, term)


class Sandwich(Bias):
    """Sandwich: dot product of two sinusoidal encodings, divided by a ratio per head.

    Formula: S + Σ_t cos((i - j) / base^(2t/n)) / r_h over n/2 terms, n = sinusoid_dim,
    r_h = 8 (h+1)/heads
    Paper: 2212.10356
    """

    name = "sandwich"
    tunable_aliases: ClassVar = {"waves": "sinusoid_dim"}
    limits: ClassVar = {"sinusoid_dim": (2, 65536), "base": (1.0, inf)}
    sinusoid_dim: int = 128
    base: float = 10000.0

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        grid = inputs.grid
        frequency = self.base ** (-np.arange(0, self.sinusoid_dim, 2) / self.sinusoid_dim)
        distance = grid.q - grid.k
        first = distance.min()
        table = np.cos(np.arange(first, distance.max() + 1)[:, None] * frequency).sum(-1)
        return logits + table[distance - first] / (8.0 * (grid.h + 1) / grid.n_head)

    def term_lines(self, pair: Pair, term: float) -> Lines:
        """The frequencies, the cosines, and their sum over the ratio of the head"""
        frequency = self.base ** (-np.arange(0, self.sinusoid_dim, 2) / self.sinusoid_dim)
        distance = pair.i - pair.j
        name = f"cos({distance} × f)"
        table = dimension_table(("f", frequency), (name, np.cos(distance * frequency)))
        ratio = ("(8 × ", pair.head + 1, " / ", pair.inputs.grid.n_head, ")")
        yield ArithmeticLine("sinusoids", (f"Σ {name} / ", *ratio), term, table)


class DistanceMlp(Bias):
    """A bias computed from the distance by an MLP with one layer of `hidden` units.

    Formula: S + f(x), f_h(x) = v_hᵀ relu(w x + b) + c_h, x a function of the distance; all
    heads share the hidden layer, that of head 0
    """

    head_local = False
    hidden: int
    suffix: ClassVar[str]

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [hidden], b [hidden], v [hidden]"""
        del sizes
        return {f"{n}_{self.suffix}": (self.hidden,) for n in "wbv"}

    def evaluate(self, x: FloatArray, inputs: Inputs) -> FloatArray:
        """f(x).    [head | 1, query, key] -> [head, query, key]"""
        w, b, v = (inputs.param(f"{n}_{self.suffix}") for n in "wbv")
        bias = np.zeros(np.broadcast_shapes(x.shape, (len(v), 1, 1)))
        for unit in range(self.hidden):  # one [head, query, key] at a time
            inner = w[:1, unit, None, None] * x + b[:1, unit, None, None]
            bias += v[:, unit, None, None] * np.maximum(inner, 0.0)
        return bias

    def mlp_line(self, pair: Pair, x: float) -> ArithmeticLine:
        """f(x): the units of the hidden layer, and their sum weighted by v"""
        w, b = (pair.inputs.param(f"{n}_{self.suffix}")[0] for n in "wb")
        v, name = pair.param(f"v_{self.suffix}"), "relu(w × x + b)"
        hidden = np.maximum(w * x + b, 0.0)
        rows = (("w", w), ("b", b), (name, hidden), ("v", v), (f"v × {name}", v * hidden))
        value = float((v * hidden).sum())
        return ArithmeticLine("f(x)", (f"Σ v × {name}",), value, dimension_table(*rows))


class Fire(DistanceMlp):
    """FIRE: an MLP of the distance relative to the query's position (progressive interpolation).

    Formula: S + f(ψ(i - j) / ψ(max(L, i))), ψ(x) = log(|c| x + 1), L = |l| threshold; keys
    after the query, which a causal mask removes, have distance 0
    Paper: 2310.04418
    """

    name = "fire"
    suffix = "fire"
    limits: ClassVar = {"hidden": (1, 65536), "threshold": (1.0, inf)}
    hidden: int = 32
    threshold: float = 512.0

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """c [], l [], and the parameters of the MLP with its bias per head"""
        own: dict[str, Shape] = {"c_fire": (), "pace_fire": (), "threshold_fire": ()}
        return {**super().param_shapes(sizes), **own}

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """c = 0.1, l = 1"""
        del sizes
        return {"pace_fire": Initial(0.1), "threshold_fire": Initial(1.0)}

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        grid = inputs.grid
        rate = np.abs(inputs.param("pace_fire"))[:1, None, None]
        least = self.threshold * np.abs(inputs.param("threshold_fire"))[:1, None, None]
        near = np.log1p(rate * np.maximum(grid.q - grid.k, 0))
        far = np.log1p(rate * np.maximum(least, grid.q))
        ratio = np.divide(near, far, out=np.zeros_like(near), where=far > 0)
        return logits + self.evaluate(ratio, inputs) + inputs.param("c_fire")[:, None, None]

    def term_lines(self, pair: Pair, term: float) -> Lines:
        """x, f(x) and the bias of the head"""
        learned = [
            ArithmeticLine(label, (f"learned ({name})",), float(pair.inputs.param(name)[0]))
            for label, name in (("r", "pace_fire"), ("l", "threshold_fire"))
        ]
        yield from learned
        rate, least = learned[0].value, abs(learned[1].value)
        near = max(pair.i - pair.j, 0)
        far = max(self.threshold * least, pair.i)
        x = float(np.log1p(abs(rate) * near) / np.log1p(abs(rate) * far)) if far > 0 else 0.0
        above = ("log(1 + |", rate, "| × ", near, ")")
        longest = ("max(", self.threshold, " × ", least, ", ", pair.i, ")")
        yield ArithmeticLine("x", (*above, " / log(1 + |", rate, "| × ", *longest, ")"), x)
        mlp, own = self.mlp_line(pair, x), pair.learned("c", "c_fire")
        yield mlp
        yield own
        yield ArithmeticLine("bias", ("(", mlp.value, " + ", own.value, ")"), term)


class LogCpb(DistanceMlp):
    """Log-spaced continuous position bias (Log-CPB): an MLP of the signed log distance.

    Formula: S + 16 σ(f(x)), x = sign(j - i) log₂(1 + 8 |j - i| / max_distance) / log₂ 8
    Paper: 2111.09883 (Swin V2, there of two coordinates, `max_distance` the window less 1)
    """

    name = "log-cpb"
    n_array = 10
    aliases = ("log-distance",)
    suffix = "log_distance"
    tunable_aliases: ClassVar = {"farthest": "max_distance"}
    limits: ClassVar = {"hidden": (1, 65536), "max_distance": (1, inf)}
    hidden: int = 32
    max_distance: int = 7

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        distance = inputs.grid.k - inputs.grid.q
        size = np.log1p(8.0 * np.abs(distance) / self.max_distance) / np.log(8.0)
        bias = 16.0 * sigmoid(self.evaluate(np.sign(distance) * size, inputs))
        return logits + bias.astype(logits.dtype)

    def term_lines(self, pair: Pair, term: float) -> Lines:
        """x, f(x) and 16 σ(f(x))"""
        distance = pair.j - pair.i
        sign = int(np.sign(distance))
        size = np.log1p(8.0 * abs(distance) / self.max_distance) / np.log(8.0)
        ratio = ("8 × ", abs(distance), " / ", self.max_distance)
        yield ArithmeticLine("x", (sign, " × log(1 + ", *ratio, ") / log(8)"), sign * float(size))
        mlp = self.mlp_line(pair, sign * float(size))
        yield mlp
        yield ArithmeticLine("bias", ("16 × σ(", mlp.value, ")"), term)


def softplus_lines(
    pair: Pair, *params: tuple[str, str]
) -> Generator[ArithmeticLine, None, list[float]]:
    """Learned numbers kept above 0 by softplus, each by a label and its name."""
    values = []
    for label, name in params:
        learned = pair.learned("b", name)
        yield learned
        values.append(float(softplus(np.array(learned.value))))
        yield ArithmeticLine(label, ("log(1 + exp(", learned.value, "))"), values[-1])
    return values


PARTS: tuple[type[Bias], ...] = (KerpleLog, KerplePower, Sandwich, Fire, LogCpb)
