"""A stack of transformer layers: embeddings in, hidden states out."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.record import Record
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.checkpoint.tensors import Tensors
from attnviz.sources.families.spec import Attention, FeedForward, Stack
from attnviz.sources.transformer.activations import find_activation
from attnviz.sources.transformer.attention import AttentionContext, attention_layer
from attnviz.sources.transformer.matmul import LazyMatrix, materialize
from attnviz.sources.transformer.weights import Weights


class LayerStack(Record):
    """The layers of an encoder or a decoder; an encoder-decoder has two stacks."""

    spec: Stack
    config: Config
    tensors: Tensors

    @property
    def weights(self) -> Weights:
        """The tensors of this stack."""
        return Weights(self.tensors, self.config, self.spec.norm, self.spec.in_first)

    @property
    def n_layer(self) -> int:
        """Number of layers."""
        return self.config.get_int("n_layer")

    def layer_prefix(self, index: int) -> str:
        """The prefix of the tensor names of a layer."""
        if "{group}" not in self.spec.layer:
            return self.spec.layer.format(i=index)
        n_group = self.config.get_int("num_hidden_groups")
        return self.spec.layer.format(group=index * n_group // self.n_layer)

    def run(
        self,
        x: FloatArray,
        context: AttentionContext,
        *,
        last_layer: int | None = None,
        cross_context: AttentionContext | None = None,
    ) -> FloatArray:
        """Run the layers up to `last_layer`; after the very last one, the final layer norm.

        `cross_context` is for the cross-attention of a decoder.
        Shapes: [token, d_model] -> [token, d_model]
        """
        n_layer = self.n_layer if last_layer is None else min(last_layer + 1, self.n_layer)
        for index in range(n_layer):
            stops = index == n_layer - 1 and not context.needs_output
            x = self.run_layer(index, x, context, cross_context, with_feed_forward=not stops)
        return x if n_layer < self.n_layer or not context.needs_output else self.final_norm(x)

    def final_norm(self, x: FloatArray) -> FloatArray:
        """The final layer norm, and projection if any.    [token, d_model] -> [token, d]"""
        x = self.weights.norm(x, self.spec.final)
        d_embedding = self.config.get_int("d_embedding", x.shape[-1])
        if self.spec.final_project and d_embedding != x.shape[-1]:
            return self.weights.linear(x, self.spec.final_project, d_embedding, bias=False)
        return x

    def run_layer(
        self,
        index: int,
        x: FloatArray,
        context: AttentionContext,
        cross_context: AttentionContext | None,
        *,
        with_feed_forward: bool,
    ) -> FloatArray:
        """Attention and feed-forward layer, each added to the residual stream.

        Shapes: [token, d_model] -> [token, d_model]
        """
        w, spec = self.weights.under(self.layer_prefix(index)), self.spec

        def sublayer(
            part: Attention | FeedForward, x: FloatArray, context: AttentionContext
        ) -> FloatArray:
            inner = w.norm(x, part.before) if index >= part.before_from else x
            if isinstance(part, FeedForward):
                output = feed_forward(part, w, inner)
            else:
                output = attention_layer(part, w, index, inner, context)
            return w.norm(output, part.after)

        def residual(
            part: Attention | FeedForward, x: FloatArray, context: AttentionContext
        ) -> FloatArray:
            return w.norm(x + sublayer(part, x, context), part.end)

        if w.resolve_flag(spec.parallel) and with_feed_forward:
            return (
                x + sublayer(spec.attention, x, context) + sublayer(spec.feed_forward, x, context)
            )
        x = residual(spec.attention, x, context)
        if spec.cross is not None and cross_context is not None:
            x = residual(spec.cross, x, cross_context)
        return residual(spec.feed_forward, x, context) if with_feed_forward else x


def feed_forward(spec: FeedForward, w: Weights, x: FloatArray) -> FloatArray:
    """Feed-forward layer, plain or gated.    [token, d_model] -> [token, d_model]

    Formula: down(act(up(x))) or down(act(gate(x)) · up(x))
    """
    d_model = x.shape[-1]
    width = w.config.get_int("d_inner", 4 * d_model)
    name, (key, _) = w.config.get_str("activation"), w.config.find("activation")
    act = find_activation(spec.activation_aliases.get(name, name), key)
    up = w.lazy_linear(x, spec.up, 2 * width if spec.fused else width, bias=spec.bias)
    gate = w.lazy_linear(x, spec.gate, width, bias=spec.bias) if spec.gate else None

    def write_inner(columns: slice, out: FloatArray) -> None:
        if spec.fused:
            second_half = slice(width + columns.start, width + columns.stop)
            np.multiply(act(up.columns(columns)), up.columns(second_half), out=out)
        elif gate is not None:
            np.multiply(act(gate.columns(columns)), up.columns(columns), out=out)
        else:
            out[...] = act(up.columns(columns))

    inner = materialize(LazyMatrix(write_inner, len(x), d_model, width))[0]
    return w.linear(inner, spec.down, d_model, bias=spec.bias)
