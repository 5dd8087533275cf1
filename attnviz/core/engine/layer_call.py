"""Layer call: the interface between a source of hidden states and the attention engine.

A source computes embeddings, projections and what lies between layers, but not attention: it
passes a LayerCall to a callback and continues with the output that it returns. The callback
decides which mechanism runs and what is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import TypeAlias

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.output_path import OutputPath
from attnviz.core.inputs import Inputs
from attnviz.core.variant import Variant
from attnviz.record import Record

DEFAULT_FORMULAS: Mapping[str, str] = MappingProxyType({"q": "x W_Q", "k": "x W_K", "v": "x W_V"})


class LayerCall(Record, kw_only=True, eq=False):
    """One attention layer of a source, before it runs.

    Shapes: value [head, key, d_value]; inputs hold query [head, query, d], key [head, key, d]

    `variant` is the source's mechanism for this layer. `kind` distinguishes the attentions of an
    encoder-decoder: "self", "encoder", "decoder" or "cross". `formulas` describe how q, k and v
    are computed, and x, the layer's input; without "x" the source describes it elsewhere.
    `output_path` is what follows the attention; None: not stated.
    Unless `needs_output`, the callback may return any array.
    """

    layer: int
    inputs: Inputs
    value: FloatArray
    variant: Variant
    kind: str = "self"
    needs_output: bool = True
    formulas: Mapping[str, str] = field(default_factory=lambda: DEFAULT_FORMULAS)
    output_path: OutputPath | None = None


AttendCallback: TypeAlias = Callable[[LayerCall], FloatArray]  # -> output [head, query, d_value]
