"""Resting: a share of the row may go to nobody."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.normalizers import Line, Normalize
from attnviz.core.part import Inputs, Sizes


class Resting(Normalize):
    """Softmax next to a key that holds nothing."""

    row_sum = "at most 1"

    def lines(self, logits: FloatArray, weights: FloatArray, key: int) -> tuple[Line, ...]:
        """What the keys leave, and the weight."""
        rest = 1.0 - float(weights.sum())
        return (
            Line("rest", "1 − Σ of the row: what goes to nobody", rest),
            Line("weight", f"{self} over the row and its rest", float(weights[key])),
        )


class SoftmaxOne(Resting):
    """Softmax next to a key of score `rest` that holds nothing.

    Formula: exp(S) / (exp(rest) + Σ exp(S))
    Paper: Miller, "Attention is off by one", 2023 (with rest 0)
    """

    name = "softmax-one"
    rest: float = 0.0

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        return softmax_beside(np.full_like(logits[..., :1], self.rest), logits, visible)


class LearnedSink(Resting):
    """Softmax next to a key that holds nothing, whose score each head learns.

    Formula: exp(S) / (exp(b_h) + Σ exp(S))
    Paper: 2508.10925 (gpt-oss)
    """

    name = "learned-sink"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """b []"""
        del sizes
        return {"b_sink": ()}

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        return softmax_beside(inputs.param("b_sink")[:, None, None], logits, visible)


def softmax_beside(rest: FloatArray, logits: FloatArray, visible: BoolArray) -> FloatArray:
    """exp(S) / (exp(rest) + Σ exp(S)) over the visible keys.

    Shapes: [..., 1], [..., key], [..., key] -> [..., key]
    """
    logits = np.where(visible, logits, -np.inf)
    peak = np.maximum(logits.max(-1, keepdims=True, initial=-np.inf), rest)
    mass = np.exp(logits - peak)
    return mass / (mass.sum(-1, keepdims=True) + np.exp(rest - peak))


PARTS: tuple[type[Normalize], ...] = (SoftmaxOne, LearnedSink)
