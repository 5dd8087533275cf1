"""What a source asks for in each layer: look, with these inputs, by this mechanism.

A source knows embeddings, projections and what happens between layers. It does not compute
attention: it hands a LayerCall to `attend` and goes on with the output it gets back. Whoever
supplies `attend` decides what runs and what is kept.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field
from types import MappingProxyType
from typing import TypeAlias

from attnviz.core.arrays import FloatArray
from attnviz.core.part import Inputs
from attnviz.core.variant import Variant
from attnviz.record import Record

PROJECTED: Mapping[str, str] = MappingProxyType({"q": "x W_Q", "k": "x W_K", "v": "x W_V"})


class LayerCall(Record, kw_only=True):
    """One attention layer about to run.

    Shapes: value [head, key, d_value]; inputs hold query [head, query, d], key [head, key, d]

    `own` is the source's own mechanism for this layer; `kind` tells the attentions of an
    encoder-decoder apart: "self", "encoder", "decoder" or "cross". `told` says how q, k and v,
    and x, the layer's input, came about, as one writes it; no x: the source says it elsewhere.
    Where nobody reads the output (`read` is False), `attend` may give anything back.
    """

    layer: int
    inputs: Inputs
    value: FloatArray
    own: Variant
    kind: str = "self"
    read: bool = True
    told: Mapping[str, str] = field(default_factory=lambda: PROJECTED)


Attend: TypeAlias = Callable[[LayerCall], FloatArray]  # -> output [head, query, d_value]
