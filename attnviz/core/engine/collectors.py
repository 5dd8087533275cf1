"""Collectors: accumulate the blocks of the layers that run into attention maps.

A layer runs once, block by block, whatever is collected. A collector selects layers and makes an
accumulator for each of them. The accumulator maps every block to a summary, in the thread that
computed the block, and reduces the summaries in order. Sums are therefore the same, bit for bit,
for any number of threads, and no n × n array exists unless an accumulator holds one.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any, Protocol

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.engine.attention import Block, apply_positions, apply_weights
from attnviz.core.engine.blocks import compute_blocks, leaves_out_keys, no_memory
from attnviz.core.engine.layer_call import AttendCallback, LayerCall
from attnviz.core.grid import BlockIndex
from attnviz.core.inputs import Inputs
from attnviz.core.map_metadata import MapMetadata, weakest_row_sum
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError
from attnviz.record import Record

VariantChooser = Callable[[LayerCall], Variant]

UNREAD_OUTPUT: FloatArray = np.zeros((0, 0, 0), dtype=np.float32)  # of layers without needs_output


class Accumulator(Protocol):
    """What is recorded of one layer."""

    def memory(self, indices: BlockIndex) -> FloatArray | None:
        """Where the weights of a block are kept, to be computed there; None: nowhere.

        Shapes: -> [head, query, key]
        """

    def map(self, block: Block) -> Any:
        """A summary of a block; runs in any thread, and writes only to memory of its own."""

    def reduce(self, summary: Any) -> None:
        """Add the summary of the next block; runs in the order of the blocks."""


def run_layer(
    variant: Variant,
    inputs: Inputs,
    value: FloatArray | None,
    accumulator: Accumulator | None = None,
) -> FloatArray | None:
    """Run one layer, block by block; returns its output, normed by its heads; None without values.

    Shapes: value [head, key, d_value] -> [head, query, d_value]
    """
    query, output = inputs.query, None
    if value is not None:
        dtype = np.result_type(query.dtype, value.dtype)
        output = np.empty((len(value), query.shape[1], value.shape[-1]), dtype)

    def use(block: Block) -> Any:
        weights = block.weights.astype(query.dtype, copy=False)
        if output is not None and value is not None:
            heads, queries, keys = block.indices
            output[heads, queries] = apply_weights(weights, value[heads, keys], block.indices)
        return None if accumulator is None else accumulator.map(block._replace(weights=weights))

    memory = no_memory if accumulator is None else accumulator.memory
    for summary in compute_blocks(variant, inputs, use, memory):
        if accumulator is not None:
            accumulator.reduce(summary)
    return None if output is None else variant.heads.normalize_output(output, inputs.layer)


def run_unrecorded(call: LayerCall) -> FloatArray:
    """Run a layer with its own mechanism and record nothing.    -> [head, query, d]"""
    output = run_layer(call.variant, call.inputs, call.value)
    assert output is not None  # a call has values
    return output


class Collector:
    """Records some layers and heads; None means all of them.

    A head that does not exist is a MisuseError.
    """

    def __init__(
        self, *, layers: Collection[int] | None = None, heads: Collection[int] | None = None
    ) -> None:
        self.layers, self.heads = layers, heads
        self.recorded_layers: list[int] = []
        self.recorded_heads: tuple[int, ...] = ()
        self.variants: list[Variant] = []  # one per recorded layer

    def wants_layer(self, layer: int) -> bool:
        """Whether this layer is recorded."""
        return self.layers is None or layer in self.layers

    def properties(self) -> MapMetadata:
        """Properties of all recorded layers: pipelines, row sums, whether weights are signed."""
        pipelines = list(dict.fromkeys(variant.pipeline for variant in self.variants))
        return {
            "algebra": "; ".join(pipelines),
            "row_sum": weakest_row_sum(variant.row_sum for variant in self.variants),
            "signed": any(variant.signed for variant in self.variants),
        }

    def callback(self, choose: VariantChooser = lambda call: call.variant) -> AttendCallback:
        """The callback that a source runs its layers with; `choose` picks the mechanism."""

        def attend(call: LayerCall) -> FloatArray:
            variant, accumulator = choose(call), None
            if self.wants_layer(call.layer):
                self.select_heads(variant.heads.n_output_heads(len(call.inputs.query)))
                accumulator = self.accumulator(call, variant)
                self.recorded_layers.append(call.layer)
                self.variants.append(variant)
            value = call.value if call.needs_output else None
            output = run_layer(variant, call.inputs, value, accumulator)
            if accumulator is not None:
                self.finish_layer(call, variant)
            return UNREAD_OUTPUT if output is None else output

        return attend

    def select_heads(self, n_head: int) -> None:
        """Choose the recorded heads among n_head."""
        self.recorded_heads = tuple(range(n_head)) if self.heads is None else tuple(self.heads)
        for head in self.recorded_heads:
            if not 0 <= head < n_head:
                raise MisuseError(f"there is no head {head}; there are 0 to {n_head - 1}")

    def wanted_heads_in(self, block: Block) -> Iterator[tuple[int, int]]:
        """The recorded heads of a block: index in the block, index among the recorded heads."""
        first = block.indices.heads.start or 0
        for i, head in enumerate(self.recorded_heads):
            if first <= head < first + len(block.weights):
                yield head - first, i

    def finish_layer(self, call: LayerCall, variant: Variant) -> None:
        """Process what was recorded of a layer, after its last block."""

    def accumulator(self, call: LayerCall, variant: Variant) -> Accumulator:
        """A new accumulator for a recorded layer."""
        raise TypeError(f"{type(self).__name__} does not define an accumulator")


class FullCollector(Collector):
    """Records all weights of the selected layers and heads, as float32."""

    def __init__(self, *, with_vectors: bool = False, **selected: Collection[int] | None) -> None:
        super().__init__(**selected)
        self.with_vectors = with_vectors
        self.weights: list[FloatArray] = []  # one per recorded layer, as the lists below
        self.visible: list[BoolArray] = []
        self.queries: list[FloatArray] = []
        self.keys: list[FloatArray] = []

    def accumulator(self, call: LayerCall, variant: Variant) -> FullAccumulator:
        """A new accumulator for a recorded layer."""
        inputs, heads = call.inputs, list(self.recorded_heads)
        accumulator = FullAccumulator.of(variant, inputs, self)
        self.weights.append(accumulator.weights)
        self.visible.append(accumulator.visible)
        n_query_head = len(inputs.query)
        if self.with_vectors and variant.heads.n_output_heads(n_query_head) == n_query_head:
            scored = apply_positions(variant, inputs)  # the vectors that the scores are of
            self.queries.append(scored.query[heads].astype(np.float32))
            self.keys.append(scored.key[heads].astype(np.float32))
        return accumulator


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
        cls, variant: Variant, inputs: Inputs, collector: Collector, dtype: Any = np.float32
    ) -> FullAccumulator:
        """An empty accumulator; pairs outside all blocks stay 0 and masked."""
        n_head, pairs = len(collector.recorded_heads), inputs.grid.shape[1:]
        n_visible = n_head if variant.visibility_per_head(inputs.grid) else 1
        n_layer_head = variant.heads.n_output_heads(len(inputs.query))
        # Blocks that leave no key out write every weight.
        allocate = np.zeros if leaves_out_keys(variant) else np.empty
        return cls(
            collector,
            allocate((n_head, *pairs), dtype),
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
