"""Elementwise normalizers: sigmoid and ReLU variants, and ReLU divided by the row sum."""

from __future__ import annotations

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Piece, WeightPair
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.normalizers import Normalizer
from attnviz.core.numerics import divide_by_row_sum, sigmoid


class Elementwise(Normalizer):
    """An activation of each score by itself, which may depend on the number of keys."""

    row_sum = "any"
    prefix_stable = False  # n_key takes part

    def activate(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        raise TypeError(f"{type(self).__name__} does not define activate")

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        # A bias may mask a key by a score of -inf.
        finite = visible & (logits > -np.inf)
        logits = np.where(finite, logits, 0.0).astype(logits.dtype)
        return np.where(finite, self.activate(logits, inputs.grid.n_key), 0.0)

    def pieces(self, logit: float, n_key: int) -> tuple[Piece, ...]:
        """The formula of `activate` in numbers."""
        raise TypeError(f"{type(self).__name__} does not define pieces")

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The formula with its numbers."""
        pieces = self.pieces(pair.logit, pair.inputs.grid.n_key)
        yield ArithmeticLine("weight", pieces, pair.weight)


class Sigmoid(Elementwise):
    """Sigmoid attention: a sigmoid per score, shifted by log n so that rows sum to about 1.

    Formula: σ(S - log n)
    Paper: 2409.04431
    """

    name = "sigmoid"

    def activate(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return sigmoid(logits - np.log(n_key))

    def pieces(self, logit: float, n_key: int) -> tuple[Piece, ...]:
        """σ(S − log n)"""
        return ("σ(", logit, " − log(", n_key, "))")


class ScaledRelu(Elementwise):
    """ReLU attention: ReLU divided by the number of keys.

    Formula: relu(S) / n
    Paper: 2309.08586
    """

    name = "relu"

    def activate(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return np.maximum(logits, 0.0) / n_key

    def pieces(self, logit: float, n_key: int) -> tuple[Piece, ...]:
        """relu(S) / n"""
        return ("relu(", logit, ") / ", n_key)


class SquaredRelu(Elementwise):
    """Squared ReLU of the scores over the number of keys.

    Formula: relu(S / n)²
    Paper: 2202.10447 (FLASH)
    """

    name = "squared-relu"

    def activate(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return (np.maximum(logits, 0.0) / n_key) ** 2

    def pieces(self, logit: float, n_key: int) -> tuple[Piece, ...]:
        """relu(S / n)²"""
        return ("relu(", logit, " / ", n_key, ")²")


class Rectified(Elementwise):
    """Rectified linear attention (ReLA): ReLU without normalization.

    Formula: relu(S)
    Paper: 2104.07012 (its RMS norm of the output is not part of the weights)
    """

    name = "rectified"
    prefix_stable = True

    def activate(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        del n_key
        return np.maximum(logits, 0.0)

    def pieces(self, logit: float, n_key: int) -> tuple[Piece, ...]:
        """relu(S)"""
        del n_key
        return ("relu(", logit, ")")


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

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The sum of the positive scores, and the key's part of it."""
        name, mass = "max(logit, 0)", np.maximum(pair.row, 0.0)
        total, table = float(mass.sum()), pair.table(("logit", pair.row), (name, mass))
        yield ArithmeticLine("row sum", (f"Σ {name}",), total, table)
        if total > 0:
            pieces: tuple[Piece, ...] = ("max(", pair.logit, ", 0) / ", total)
        else:
            pieces = (0, " (no score is positive)")
        yield ArithmeticLine("weight", pieces, pair.weight)


PARTS: tuple[type[Normalizer], ...] = (Sigmoid, ScaledRelu, SquaredRelu, Rectified, SumNormalizer)
