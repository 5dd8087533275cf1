"""Differential attention: the difference of two attention maps per head."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, products
from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.heads import MultiHead
from attnviz.core.initialization import Initial
from attnviz.core.inputs import Inputs, Sizes
from attnviz.errors import ShapeError

LAMBDA_PARAMS = ("lambda_q1", "lambda_k1", "lambda_q2", "lambda_k2")


class Differential(MultiHead):
    """Differential attention: a head subtracts its second map, times λ, from its first.

    Formula: A_h = A_2h − λ A_2h+1, λ = exp(a₁·b₁) − exp(a₂·b₂) + λ₀, λ₀ = 0.8 − 0.6 exp(−0.3 l),
    l the layer, counted from 0 (in the paper from 1); λ is shared by the heads of a layer, the
    values of a pair are concatenated, and the output of each head is RMS-normed, times 1 − λ₀
    Paper: 2410.05258
    """

    name = "differential"
    head_local = False
    signed = True
    output_formula = "(1 − λ₀) rms(weights @ v)"
    heads: int = 4

    @property
    def n_query_head(self) -> int:
        """Two per head of the map."""
        return 2 * self.heads

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """a₁, b₁, a₂, b₂ [d]; all heads use those of head 0"""
        return dict.fromkeys(LAMBDA_PARAMS, (sizes.d,))

    def initial_params(self, sizes: Sizes) -> Mapping[str, Initial]:
        """Standard deviation 0.1"""
        del sizes
        return dict.fromkeys(LAMBDA_PARAMS, Initial(std=0.1))

    def mix_weights(self, weights: FloatArray, inputs: Inputs) -> FloatArray:
        """[2 head, query, key] -> [head, query, key]"""
        if len(weights) % 2:
            raise ShapeError(f"differential heads come in pairs; {len(weights)} do not pair up")
        return weights[0::2] - self.compute_lambda(inputs) * weights[1::2]

    def source_heads(self, head: int, n_query_head: int) -> tuple[int, ...]:
        """The two of the pair"""
        del n_query_head
        return 2 * head, 2 * head + 1

    def weight_lines(self, pair: Pair, weights: FloatArray, weight: float) -> Lines:
        """λ from its vectors, and the difference of the two maps"""
        factors = []
        for n in ("1", "2"):
            a, b = (pair.inputs.param(f"lambda_{side}{n}")[0] for side in "qk")
            factors.append(products(f"a{n}·b{n}", (f"a{n}", a), (f"b{n}", b)))
            yield factors[-1]
        start = lambda_init(pair.inputs.layer)
        yield ArithmeticLine("λ₀", ("0.8 − 0.6 × exp(−0.3 × ", pair.inputs.layer, ")"), start)
        terms = ("exp(", factors[0].value, ") − exp(", factors[1].value, ") + ", start)
        value = self.compute_lambda(pair.inputs)
        yield ArithmeticLine("λ", terms, value)
        first, second = map(float, weights)
        yield ArithmeticLine("weight", (first, " − ", value, " × ", second), weight)

    def compute_lambda(self, inputs: Inputs) -> float:
        """λ of this layer."""
        a1, b1, a2, b2 = (inputs.param(name)[0] for name in LAMBDA_PARAMS)
        return float(np.exp(a1 @ b1) - np.exp(a2 @ b2) + lambda_init(inputs.layer))

    def expand_values(self, value: FloatArray, n_head: int) -> FloatArray:
        """The concatenated values of each pair.    [2 head, key, d] -> [head, key, 2 d]"""
        values = super().expand_values(value, 2 * n_head)
        return np.concatenate([values[0::2], values[1::2]], axis=-1)

    def normalize_output(self, output: FloatArray, layer: int) -> FloatArray:
        """RMS norm per head, times 1 − λ₀.    [head, query, 2 d] -> [head, query, 2 d]"""
        rms = np.sqrt((output**2).mean(-1, keepdims=True) + 1e-5)
        return output / rms * (1.0 - lambda_init(layer))

    def __str__(self) -> str:
        return f"{super().__str__()}, differential"


def lambda_init(layer: int) -> float:
    """λ₀ (λ_init of the paper), which grows with depth.

    >>> [round(lambda_init(layer), 4) for layer in range(4)]
    [0.2, 0.3555, 0.4707, 0.5561]
    """
    return float(0.8 - 0.6 * np.exp(-0.3 * layer))


PARTS = (Differential,)
