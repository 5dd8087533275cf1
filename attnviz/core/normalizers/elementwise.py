"""Elementwise normalizers: sigmoid and ReLU variants, and ReLU divided by the row sum."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.normalizers import ArithmeticLine, Normalizer
from attnviz.core.numerics import divide_by_row_sum, sigmoid


class Elementwise(Normalizer):
    """An activation of each score by itself, which may depend on the number of keys."""

    row_sum = "any"
    prefix_stable = False  # n_key takes part
    reckoning: ClassVar[str]  # with s and n

    def activate(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        raise TypeError(f"{type(self).__name__} does not define activate")

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        # A bias may mask a key by a score of -inf.
        finite = visible & (logits > -np.inf)
        logits = np.where(finite, logits, 0.0).astype(logits.dtype)
        return np.where(finite, self.activate(logits, inputs.grid.n_key), 0.0)

    def explain_lines(
        self, logits: FloatArray, weights: FloatArray, key: int
    ) -> tuple[ArithmeticLine, ...]:
        """The formula with its numbers."""
        formula = self.reckoning.format(s=f"{logits[key]:.6g}", n=logits.size)
        return (ArithmeticLine("weight", formula, float(weights[key])),)


class Sigmoid(Elementwise):
    """Sigmoid attention: a sigmoid per score, shifted by log n so that rows sum to about 1.

    Formula: σ(S - log n)
    Paper: 2409.04431
    """

    name = "sigmoid"
    reckoning = "σ({s} − log {n})"

    def activate(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return sigmoid(logits - np.log(n_key))


class ScaledRelu(Elementwise):
    """ReLU attention: ReLU divided by the number of keys.

    Formula: relu(S) / n
    Paper: 2309.08586
    """

    name = "relu"
    reckoning = "relu({s}) / {n}"

    def activate(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return np.maximum(logits, 0.0) / n_key


class SquaredRelu(Elementwise):
    """Squared ReLU of the scores over the number of keys.

    Formula: relu(S / n)²
    Paper: 2202.10447 (FLASH)
    """

    name = "squared-relu"
    reckoning = "relu({s} / {n})²"

    def activate(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return (np.maximum(logits, 0.0) / n_key) ** 2


class Rectified(Elementwise):
    """Rectified linear attention (ReLA): ReLU without normalization.

    Formula: relu(S)
    Paper: 2104.07012 (its RMS norm of the output is not part of the weights)
    """

    name = "rectified"
    reckoning = "relu({s})"
    prefix_stable = True

    def activate(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        del n_key
        return np.maximum(logits, 0.0)


class SumNormalizer(Normalizer):
    """ReLU divided by the row sum: the normalization of linear attention.

    A row without a positive score stays zero.
    Formula: S⁺ / Σ S⁺, S⁺ = max(S, 0)
    Paper: 2006.16236
    """

    name = "row-sum"
    aliases = ("share",)
    row_sum = "at most 1"

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        mass = np.maximum(np.where(visible, logits, 0.0), 0.0)
        peak = mass.max(-1, keepdims=True, initial=0.0)
        mass = np.divide(mass, peak, out=np.zeros_like(mass), where=peak > 0)
        return divide_by_row_sum(mass)


PARTS: tuple[type[Normalizer], ...] = (Sigmoid, ScaledRelu, SquaredRelu, Rectified, SumNormalizer)
