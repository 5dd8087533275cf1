"""Gates: each weight is made of its own score, whatever the others are."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.normalizers import Line, Normalize
from attnviz.core.numerics import share_of_sum, sigmoid
from attnviz.core.part import Inputs


class Gate(Normalize):
    """A weight that knows its own score, and how many keys there are."""

    row_sum = "any"
    prefix_stable = False  # it counts the keys
    reckoning: ClassVar[str]  # with s and n

    def opened(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        raise TypeError(f"{type(self).__name__} does not say how it opens")

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        # A score of -inf opens no gate, and is what a hidden place is taken for.
        seen = visible & (logits > -np.inf)
        weights = self.opened(np.where(seen, logits, 0.0).astype(logits.dtype), inputs.grid.n_key)
        return np.where(seen, weights, 0.0)

    def lines(self, logits: FloatArray, weights: FloatArray, key: int) -> tuple[Line, ...]:
        """The gate's formula, with its numbers."""
        told = self.reckoning.format(s=f"{logits[key]:.6g}", n=logits.size)
        return (Line("weight", told, float(weights[key])),)


class Sigmoid(Gate):
    """Each key is let through or not; of n like keys all together about one.

    Formula: σ(S - log n)
    Paper: 2409.04431
    """

    name = "sigmoid"
    reckoning = "σ({s} − log {n})"

    def opened(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return sigmoid(logits - np.log(n_key))


class ReluShare(Gate):
    """What is left of a score above zero, over the number of keys.

    Formula: relu(S) / n
    Paper: 2309.08586
    """

    name = "relu"
    reckoning = "relu({s}) / {n}"

    def opened(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return np.maximum(logits, 0.0) / n_key


class SquaredRelu(Gate):
    """Scores above zero count squared: near ones little, far ones much.

    Formula: relu(S / n)²
    Paper: 2202.10447 (FLASH)
    """

    name = "squared-relu"
    reckoning = "relu({s} / {n})²"

    def opened(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return (np.maximum(logits, 0.0) / n_key) ** 2


class Rectified(Gate):
    """What is left of a score above zero, as it is.

    Formula: relu(S)
    Paper: 2104.07012 (ReLA; the norm of its output is not part of the map)
    """

    name = "rectified"
    reckoning = "relu({s})"
    prefix_stable = True

    def opened(self, logits: FloatArray, n_key: int) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        del n_key
        return np.maximum(logits, 0.0)


class Share(Normalize):
    """Each score's share of the row's sum; a score below zero counts as none.

    A row without a score above zero stays zero.
    Formula: S⁺ / Σ S⁺, S⁺ = max(S, 0)
    Paper: 2006.16236
    """

    name = "share"
    row_sum = "at most 1"

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        mass = np.maximum(np.where(visible, logits, 0.0), 0.0)
        peak = mass.max(-1, keepdims=True, initial=0.0)
        mass = np.divide(mass, peak, out=np.zeros_like(mass), where=peak > 0)
        return share_of_sum(mass)


PARTS: tuple[type[Normalize], ...] = (Sigmoid, ReluShare, SquaredRelu, Rectified, Share)
