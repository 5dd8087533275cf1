"""Layer call: the interface between a source of hidden states and the attention engine.

A source computes embeddings, projections and what lies between layers, but not attention: it
passes a LayerCall to a callback and continues with the output that it returns. The callback
decides which mechanism runs and what is recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import field, replace
from types import MappingProxyType
from typing import TypeAlias

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.output_path import OutputPath
from attnviz.core.grid import Grid, TokenFeature
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

    def select_tokens(
        self, queries: slice, keys: slice, features: Mapping[str, TokenFeature]
    ) -> LayerCall:
        """The call of some queries and keys alone, as positions from 0, with their features.

        The output path is left out: it holds hidden states of all tokens.
        Shapes: query [head, query, d], key [head, key, d] -> fewer queries and keys
        """
        inputs = self.inputs
        query, key = inputs.query[:, queries], inputs.key[:, keys]
        return replace(
            self,
            value=self.value[:, keys],
            output_path=None,
            inputs=replace(
                inputs,
                query=query,
                key=key,
                grid=Grid.of(len(query), query.shape[1], key.shape[1], features),
                query_input=None if inputs.query_input is None else inputs.query_input[queries],
                key_input=None if inputs.key_input is None else inputs.key_input[keys],
            ),
        )


AttendCallback: TypeAlias = Callable[[LayerCall], FloatArray]  # -> output [head, query, d_value]
