"""Everything that one head of one layer computed, kept stage by stage."""

from __future__ import annotations

from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.engine.attention import combine, compute_weights, turned
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.part import Inputs
from attnviz.core.variant import Variant
from attnviz.record import Record


class Stages(Record, eq=False):
    """A layer that ran with every stage watched.

    Shapes: stages each broadcast to [head, query, key]; weights [head, query, key];
    output [head, query, d]
    """

    call: LayerCall
    variant: Variant
    inputs: Inputs  # queries and keys turned by their positions
    stages: dict[str, Any]
    weights: FloatArray
    output: FloatArray

    @classmethod
    def of(cls, call: LayerCall, variant: Variant) -> Stages:
        """Run a layer and keep what it does on the way."""
        inputs = turned(variant, call.inputs)
        stages: dict[str, Any] = {}
        block = compute_weights(variant, inputs, stages.__setitem__)
        output = combine(block.weights, call.value)
        return cls(call, variant, inputs, stages, block.weights, output)

    def of_head(self, name: str, head: int) -> Any:
        """One stage of one head.    -> [query, key]"""
        array = np.asarray(self.stages[name])
        whole = np.broadcast_to(array, (array.shape[0], *self.weights.shape[1:]))
        return whole[head if len(whole) > 1 else 0]

    def visible(self, head: int) -> BoolArray:
        """What this head's queries may look at.    -> [query, key]"""
        seen: BoolArray = self.of_head("visible", head)
        return seen
