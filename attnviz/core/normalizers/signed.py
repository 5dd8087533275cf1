"""Signs: scores below zero count as such, and not as little."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.normalizers import Normalize
from attnviz.core.numerics import softmax
from attnviz.core.part import Inputs


class Softpick(Normalize):
    """Only scores above zero get weight, and those below take some from the row.

    Formula: relu(exp(S) - 1) / (Σ |exp(S) - 1| + eps)
    Paper: 2504.20966
    """

    name = "softpick"
    row_sum = "at most 1"
    limits: ClassVar = {"guard": (0.0, inf)}
    guard: float = 1e-6

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        seen = np.where(visible, logits, 0.0)
        peak = np.maximum(seen.max(-1, keepdims=True, initial=0.0), 0.0)
        # expm1 near 0, where the difference of two exponentials would lose its digits
        small = np.expm1(np.minimum(seen, 1.0)) * np.exp(-peak)
        excess = np.where(seen > 1.0, np.exp(seen - peak) - np.exp(-peak), small)
        total = np.abs(excess).sum(-1, keepdims=True) + self.guard * np.exp(-peak)
        return np.divide(
            np.maximum(excess, 0.0), total, out=np.zeros_like(excess), where=total > 0
        )


class Cog(Normalize):
    """The size of a score says how much, its sign whether to add or to take away.

    Formula: sign(S) exp|S| / Σ exp|S|
    Paper: 2411.07176
    """

    name = "cog"
    row_sum = "at most 1"
    signed = True

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        seen = np.where(visible & (logits > -np.inf), logits, 0.0)
        return np.sign(seen) * softmax(np.abs(seen), visible & (logits > -np.inf))


PARTS: tuple[type[Normalize], ...] = (Softpick, Cog)
