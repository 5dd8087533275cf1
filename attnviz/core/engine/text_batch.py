"""Text batch: one layer of several texts of one length, computed as the heads of one layer.

A call per text costs more than the attention of a sentence. Where neither heads nor tokens have
parameters or features of their own, texts are further heads: none of them depends on another.
"""

from __future__ import annotations

from collections.abc import Sequence

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.attention import apply_positions
from attnviz.core.engine.collectors import Collector, run_layer
from attnviz.core.engine.full_collector import FullAccumulator, FullCollector, new_array
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.engine.softmax_block import is_dot_softmax
from attnviz.core.grid import Grid
from attnviz.core.inputs import Inputs
from attnviz.core.masks import Both, Causal, Either, Full, Mask, Not, Window
from attnviz.core.part import iter_parts
from attnviz.core.variant import Variant

POSITION_MASKS = (Full, Causal, Window, Both, Either, Not)  # the same for all texts of one length


def can_batch(call: LayerCall, variant: Variant, collectors: Sequence[Collector]) -> bool:
    """Whether the heads of several texts can be computed as those of one."""
    return (
        is_dot_softmax(variant)
        and not call.inputs.params
        and all(type(mask) in POSITION_MASKS for mask in iter_parts(variant.mask, Mask))
        and all(type(collector) is FullCollector for collector in collectors)
    )


def attend_batch(
    call: LayerCall, variant: Variant, collectors: Sequence[FullCollector], out: FloatArray
) -> None:
    """Run a layer of as many texts as there are collectors; their tokens follow each other.

    `out` receives the output, unless the call does not need it.
    Shapes: out [head, text * token, d_value]
    """
    n_text, inputs = len(collectors), call.inputs
    n_head, n_token = len(inputs.query), inputs.query.shape[1] // n_text
    batch = Inputs(
        query=texts_to_heads(inputs.query, n_text),
        key=texts_to_heads(inputs.key, n_text),
        grid=Grid.of(n_text * n_head, n_token, n_token),
        layer=inputs.layer,
    )
    accumulator = None
    if collectors[0].wants_layer(call.layer):
        every_head = Collector()
        every_head.select_heads(n_text * n_head)
        accumulator = FullAccumulator.of(variant, batch, every_head, new_array)
    value = texts_to_heads(call.value, n_text) if call.needs_output else None
    output = run_layer(variant, batch, value, accumulator)
    if output is not None:
        heads_to_texts(out, n_text)[...] = output.reshape(n_text, n_head, n_token, -1)
    if accumulator is None:
        return
    scored = apply_positions(variant, batch) if collectors[0].with_vectors else batch
    for text, collector in enumerate(collectors):
        own = slice(text * n_head, (text + 1) * n_head)
        collector.record(
            call.layer,
            variant,
            accumulator.weights[own],
            accumulator.visible,
            (scored.query[own], scored.key[own]),
        )


def texts_to_heads(array: FloatArray, n_text: int) -> FloatArray:
    """[head, text * token, d] -> [text * head, token, d]"""
    return heads_to_texts(array, n_text).reshape(-1, array.shape[1] // n_text, array.shape[-1])


def heads_to_texts(array: FloatArray, n_text: int) -> FloatArray:
    """A view of the same numbers.    [head, text * token, d] -> [text, head, token, d]"""
    n_head, n_token, d = array.shape
    return array.reshape(n_head, n_text, n_token // n_text, d).swapaxes(0, 1)
