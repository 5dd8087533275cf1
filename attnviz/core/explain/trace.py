"""Trace: every intermediate array of one attention layer."""

from __future__ import annotations

from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.engine.attention import apply_positions, apply_weights, compute_weights
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.inputs import Inputs
from attnviz.core.variant import Variant
from attnviz.record import Record

AFTER_SCORE = ("visible", "logits", "normalized", "weights")  # stages that follow the biases


class Trace(Record, eq=False):
    """The stages of a layer, by name, in the order in which they were computed.

    Shapes: stages each broadcast to [head, query, key]; weights [head, query, key];
    output [head, query, d]
    """

    call: LayerCall
    variant: Variant
    inputs: Inputs  # with queries and keys rotated by position
    stages: dict[str, Any]
    weights: FloatArray
    output: FloatArray

    @classmethod
    def record(cls, call: LayerCall, variant: Variant) -> Trace:
        """Run a layer with this mechanism and keep all its stages."""
        inputs = apply_positions(variant, call.inputs)
        stages: dict[str, Any] = {}
        block = compute_weights(variant, inputs, stages.__setitem__)
        summed = apply_weights(block.weights, call.value)
        output = variant.heads.normalize_output(summed, inputs.layer)
        return cls(call, variant, inputs, stages, block.weights, output)

    def head_stage(self, name: str, head: int) -> Any:
        """One stage of one head.    -> [query, key]"""
        array = np.asarray(self.stages[name])
        heads = np.broadcast_to(array, (array.shape[0], *self.weights.shape[1:]))
        return heads[head if len(heads) > 1 else 0]

    def visible(self, head: int) -> BoolArray:
        """The visible pairs of one head.    -> [query, key]"""
        visible: BoolArray = self.head_stage("visible", head)
        return visible
