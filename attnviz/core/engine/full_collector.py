"""The collector of all weights, which a map is made of."""

from __future__ import annotations

from collections.abc import Callable, Collection
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, stack_read_only
from attnviz.core.engine.attention import Block, apply_positions
from attnviz.core.engine.blocks import leaves_out_keys
from attnviz.core.engine.collectors import Collector
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.grid import BlockIndex
from attnviz.core.inputs import Inputs
from attnviz.core.variant import Variant
from attnviz.record import Record

Allocate = Callable[[tuple[int, ...], bool], FloatArray]  # shape, whether of zeros -> [*shape]


class FullCollector(Collector):
    """Records all weights of the selected layers and heads, as float32.

    `n_layer` layers have their weights in one array, which becomes that of the map.
    """

    def __init__(
        self, *, n_layer: int = 1, with_vectors: bool = False, **selection: Collection[int] | None
    ) -> None:
        super().__init__(**selection)
        self.n_layer = n_layer if self.layers is None else len(self.layers)
        self.with_vectors = with_vectors
        self.all_weights: FloatArray = np.zeros((0, 0, 0, 0), np.float32)
        self.starts_as_zero = True
        self.weights: list[FloatArray] = []  # one per recorded layer, as the lists below
        self.visible: list[BoolArray] = []
        self.queries: list[FloatArray] = []
        self.keys: list[FloatArray] = []

    def accumulator(self, call: LayerCall, variant: Variant) -> FullAccumulator:
        """A new accumulator for a recorded layer."""
        inputs = call.inputs
        accumulator = FullAccumulator.of(variant, inputs, self, self.allocate)
        self.weights.append(accumulator.weights)
        self.visible.append(accumulator.visible)
        n_query_head = len(inputs.query)
        if self.with_vectors and variant.heads.n_output_heads(n_query_head) == n_query_head:
            scored = apply_positions(variant, inputs)  # the vectors that the scores are of
            self.keep_vectors(scored.query, scored.key)
        return accumulator

    def record(
        self,
        layer: int,
        variant: Variant,
        weights: FloatArray,
        visible: BoolArray,
        vectors: tuple[FloatArray, FloatArray],
    ) -> None:
        """Record a layer that was computed elsewhere; `vectors` are those of its scores.

        Shapes: weights [head, query, key], visible [1, query, key], vectors [head, token, d]
        """
        self.select_heads(len(weights))
        own = self.allocate((len(self.recorded_heads), *weights.shape[1:]), False)
        weights.take(self.recorded_heads, axis=0, out=own)
        self.weights.append(own)
        self.visible.append(visible)
        self.recorded_layers.append(layer)
        self.variants.append(variant)
        if self.with_vectors:
            self.keep_vectors(*vectors)

    def keep_vectors(self, query: FloatArray, key: FloatArray) -> None:
        """Record the query and key vectors of the recorded heads.    [head, token, d] twice"""
        heads = list(self.recorded_heads)
        self.queries.append(query[heads].astype(np.float32))
        self.keys.append(key[heads].astype(np.float32))

    def allocate(self, shape: tuple[int, ...], is_zero: bool) -> FloatArray:
        """The weights of the next layer, in the array of all where its shape is theirs.

        Shapes: -> [head, query, key]
        """
        index = len(self.weights)
        if index == 0:
            self.all_weights = new_array((self.n_layer, *shape), is_zero)
            self.starts_as_zero = is_zero
        if index < self.n_layer and self.all_weights.shape[1:] == shape:
            weights = self.all_weights[index]
            if is_zero and not self.starts_as_zero:
                weights.fill(0)
            return weights
        return new_array(shape, is_zero)

    def stack_weights(self) -> FloatArray:
        """The weights of all recorded layers, not to be written to.

        Shapes: -> [layer, head, query, key]
        """
        if len(self.weights) == self.n_layer and all(
            weights.base is self.all_weights for weights in self.weights
        ):
            self.all_weights.setflags(write=False)
            return self.all_weights
        stacked: FloatArray = stack_read_only(self.weights)
        return stacked


def new_array(shape: tuple[int, ...], is_zero: bool, dtype: Any = np.float32) -> FloatArray:
    """A new array, of zeros or of any numbers.    -> [*shape]"""
    array: FloatArray = np.zeros(shape, dtype) if is_zero else np.empty(shape, dtype)
    return array


class FullAccumulator(Record, eq=False):
    """All weights of a layer.

    Shapes: weights [head, query, key], visible [head | 1, query, key]
    """

    collector: Collector
    weights: FloatArray
    visible: BoolArray
    has_all_heads: bool  # in the order of the layer

    @classmethod
    def of(
        cls, variant: Variant, inputs: Inputs, collector: Collector, allocate: Allocate
    ) -> FullAccumulator:
        """An empty accumulator; pairs outside all blocks stay 0 and masked."""
        n_head, pairs = len(collector.recorded_heads), inputs.grid.shape[1:]
        n_visible = n_head if variant.visibility_per_head(inputs.grid) else 1
        n_layer_head = variant.heads.n_output_heads(len(inputs.query))
        # Blocks that leave no key out write every weight.
        return cls(
            collector,
            allocate((n_head, *pairs), leaves_out_keys(variant)),
            np.zeros((n_visible, *pairs), bool),
            collector.recorded_heads == tuple(range(n_layer_head)),
        )

    def memory(self, indices: BlockIndex) -> FloatArray | None:
        """The block's part of the weights, if all heads are recorded.    -> [head, query, key]"""
        if not self.has_all_heads or not isinstance(indices.keys, slice):
            return None
        return self.weights[indices]

    def map(self, block: Block) -> None:
        """Copy a block into its part of the arrays, which no other block shares."""
        heads, queries, keys = block.indices
        if np.may_share_memory(block.weights, self.weights):  # computed in place, by `memory`
            if len(self.visible) > 1:
                self.visible[heads, queries, keys] = block.visible
            elif not heads.start:
                self.visible[0, queries, keys] = block.visible[0]
            return
        for head, i in self.collector.wanted_heads_in(block):
            self.weights[i][queries, keys] = block.weights[head]
            if i < len(self.visible):
                visible = block.visible[head if len(block.visible) > 1 else 0]
                self.visible[i][queries, keys] = visible

    def reduce(self, summary: None) -> None:
        """Do nothing: `map` has written the block."""
