"""A stack of transformer layers: embeddings in, hidden states out."""

from __future__ import annotations

from functools import cached_property

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.variant import Variant
from attnviz.record import Record
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.checkpoint.tensors import Tensors
from attnviz.sources.families.slots import Layer
from attnviz.sources.families.spec import Attention, FeedForward, Stack
from attnviz.sources.transformer.attention import AttentionContext, attention_layer, layer_variant
from attnviz.sources.transformer.convolution import add_convolution, has_convolution
from attnviz.sources.transformer.experts import Routing, mixture_of_experts, route
from attnviz.sources.transformer.feed_forward import feed_forward
from attnviz.sources.transformer.layer_size import largest_layer_size
from attnviz.sources.transformer.output_path import build_output_path
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
        return self.config.get_int("n_layer") * self.n_inner

    @property
    def n_inner(self) -> int:
        """Number of layers in a group with shared weights."""
        return self.config.get_int("inner_group_num") if "{inner}" in self.spec.layer else 1

    def layer_prefix(self, index: int) -> str:
        """The prefix of the tensor names of a layer."""
        if "{group}" not in self.spec.layer:
            return self.spec.layer.format(i=index)
        n_group, n_hidden = (self.config.get_int(x) for x in ("num_hidden_groups", "n_layer"))
        hidden, inner = divmod(index, self.n_inner)
        return self.spec.layer.format(group=hidden * n_group // n_hidden, inner=inner)

    @property
    def tensor_templates(self) -> tuple[str, ...]:
        """Prefixes of all tensors of a layer, with {i}: its own, and of parts stored elsewhere."""
        names = (*vars(self.spec.attention).values(), *vars(self.spec.feed_forward).values())
        elsewhere = (name for name in names if isinstance(name, str) and name.startswith("/"))
        return (self.spec.layer, *(f"{name[1:]}." for name in elsewhere))

    @cached_property
    def largest_layer(self) -> int:
        """Number of parameters in the largest layer, with one of its experts."""
        experts = self.spec.feed_forward.experts
        n_expert = 1 if experts is None else self.config.get_int("n_expert")
        return largest_layer_size(self.tensors, self.tensor_templates, experts, n_expert)

    @cached_property
    def variants(self) -> tuple[Variant, ...]:
        """The model's own mechanism of each layer."""
        return self.make_variants(self.spec.attention)

    @cached_property
    def cross_variants(self) -> tuple[Variant, ...]:
        """That of the cross-attention of each layer; without any, of its attention."""
        return self.make_variants(self.spec.cross or self.spec.attention)

    def make_variants(self, spec: Attention) -> tuple[Variant, ...]:
        """The mechanism of each layer."""
        return tuple(layer_variant(spec, Layer(self.config, i)) for i in range(self.n_layer))

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
        x = self.run_layers(x, context, range(n_layer), cross_context)
        return x if n_layer < self.n_layer or not context.needs_output else self.final_norm(x)

    def run_layers(
        self,
        x: FloatArray,
        context: AttentionContext,
        layers: range,
        cross_context: AttentionContext | None = None,
    ) -> FloatArray:
        """Run these layers, which are in order, without the final layer norm.

        Shapes: [token, d_model] -> [token, d_model]
        """
        for index in layers:
            stops = index == layers[-1] and not context.needs_output
            y = self.run_layer(index, x, context, cross_context, with_feed_forward=not stops)
            if index == 0 and self.has_convolution:
                y = add_convolution(self.spec.convolution, self.weights, x, y)
            x = y
        return x

    @property
    def has_convolution(self) -> bool:
        """Whether a convolution over tokens is added to the output of the first layer."""
        return has_convolution(self.spec.convolution, self.config)

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
        w, spec = self.weights.under(self.layer_prefix(index), index), self.spec

        def normalized(part: Attention | FeedForward, x: FloatArray) -> FloatArray:
            return w.norm(x, part.before) if index >= part.before_from else x

        def sublayer(
            part: Attention | FeedForward,
            x: FloatArray,
            stream: FloatArray,
            context: AttentionContext,
        ) -> FloatArray:
            if isinstance(part, FeedForward):
                output = self.run_feed_forward(w, index, x, context)
            else:
                is_cross = context.encoder_states is not None
                path = build_output_path(spec, part, w, stream, is_cross=is_cross)
                output = attention_layer(part, w, index, x, context, path)
            output = w.norm(output, part.after)
            if spec.residual_multiplier:
                output *= np.float32(self.config.get_float(spec.residual_multiplier))
            return output

        def residual(
            part: Attention | FeedForward, x: FloatArray, context: AttentionContext
        ) -> FloatArray:
            inner = normalized(part, x)
            stream = inner if w.resolve_flag(spec.residual_after_norm) else x
            return w.norm(stream + sublayer(part, inner, stream, context), part.end)

        if w.resolve_flag(spec.parallel) and with_feed_forward:
            parts = (spec.attention, spec.feed_forward)
            outputs = (sublayer(part, normalized(part, x), x, context) for part in parts)
            return sum(outputs, start=x)
        x = residual(spec.attention, x, context)
        if spec.cross is not None and cross_context is not None:
            x = residual(spec.cross, x, cross_context)
        if with_feed_forward:
            return residual(spec.feed_forward, x, context)
        if context.on_routing is not None:
            self.route_tokens(w, index, w.norm(x, spec.feed_forward.before), context)
        return x

    def run_feed_forward(
        self, w: Weights, index: int, x: FloatArray, context: AttentionContext
    ) -> FloatArray:
        """Feed-forward layer, or mixture of experts.    [token, d_model] -> [token, d_model]"""
        spec, routing = self.spec.feed_forward, self.route_tokens(w, index, x, context)
        if spec.experts is None or routing is None:
            return feed_forward(spec, w, x)
        return mixture_of_experts(spec, spec.experts, w, x, routing)

    def route_tokens(
        self, w: Weights, index: int, x: FloatArray, context: AttentionContext
    ) -> Routing | None:
        """The experts of each token; None for a layer without experts."""
        experts = self.spec.feed_forward.experts
        if experts is None or not experts.in_layer(Layer(self.config, index)):
            return None
        routing = route(experts, w, x, index)
        if context.on_routing is not None:
            context.on_routing(routing)
        return routing
