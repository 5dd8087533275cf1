"""Attention sinks: softmax with an extra term in the denominator that belongs to no key."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, WeightPair, softmax_lines
from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.normalizers import Normalizer


class SinkNormalizer(Normalizer):
    """Softmax with a sink logit in the denominator; a row sums to less than 1."""

    row_sum = "at most 1"

    def sink_line(self, pair: WeightPair) -> ArithmeticLine:
        """The logit of the sink"""
        raise TypeError(f"{type(self).__name__} does not define sink_line")

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The sink's logit, and the softmax with it in the denominator"""
        sink = self.sink_line(pair)
        yield sink
        yield from softmax_lines(pair, ("logit", pair.row), sink=sink.value)


class SoftmaxOne(SinkNormalizer):
    """Softmax-one: 1 is added to the denominator, as if one more key had score 0.

    Formula: exp(S) / (exp(sink_logit) + Σ exp(S))
    Paper: Miller, "Attention is off by one", 2023 (with sink_logit 0)
    """

    name = "softmax-one"
    tunable_aliases: ClassVar = {"rest": "sink_logit"}
    sink_logit: float = 0.0

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        return softmax_with_sink(np.full_like(logits[..., :1], self.sink_logit), logits, visible)

    def sink_line(self, pair: WeightPair) -> ArithmeticLine:
        """The tunable sink_logit"""
        del pair
        return ArithmeticLine("sink", ("the tunable sink_logit",), self.sink_logit)


class LearnedSink(SinkNormalizer):
    """Softmax with a learned sink logit per head in the denominator.

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
        return softmax_with_sink(inputs.param("b_sink")[:, None, None], logits, visible)

    def sink_line(self, pair: WeightPair) -> ArithmeticLine:
        """The learned logit of the head's sink"""
        return pair.learned("sink", "b_sink")


def softmax_with_sink(sink: FloatArray, logits: FloatArray, visible: BoolArray) -> FloatArray:
    """exp(S) / (exp(sink) + Σ exp(S)) over the visible keys.

    Shapes: [..., 1], [..., key], [..., key] -> [..., key]
    """
    logits = np.where(visible, logits, -np.inf)
    peak = np.maximum(logits.max(-1, keepdims=True, initial=-np.inf), sink)
    mass = np.exp(logits - peak)
    return mass / (mass.sum(-1, keepdims=True) + np.exp(sink - peak))


PARTS: tuple[type[Normalizer], ...] = (SoftmaxOne, LearnedSink)
