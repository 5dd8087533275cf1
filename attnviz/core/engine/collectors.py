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

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.attention import Block, apply_weights
from attnviz.core.engine.blocks import compute_blocks, no_memory
from attnviz.core.engine.layer_call import AttendCallback, LayerCall
from attnviz.core.grid import BlockIndex
from attnviz.core.inputs import Inputs
from attnviz.core.layer_properties import describe_layers
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError

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
        return describe_layers(
            (layer, variant.pipeline, variant.row_sum, variant.signed)
            for layer, variant in zip(self.recorded_layers, self.variants, strict=True)
        )

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
