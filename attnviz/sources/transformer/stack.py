"""A stack of layers with its numbers: ids in, hidden states out."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.record import Record
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.checkpoint.tensors import Tensors
from attnviz.sources.families.spec import Attention, FeedForward, Stack
from attnviz.sources.transformer.activations import activation
from attnviz.sources.transformer.attention import Looking, attended
from attnviz.sources.transformer.matmul import Wide, made
from attnviz.sources.transformer.weights import Weights


class Tower(Record):
    """One stack of a model; an encoder-decoder has two."""

    row: Stack
    config: Config
    tensors: Tensors

    @property
    def weights(self) -> Weights:
        """All numbers of this stack."""
        return Weights(self.tensors, self.config, self.row.norm, self.row.in_first)

    @property
    def n_layer(self) -> int:
        """How many layers there are."""
        return self.config.whole("n_layer")

    def prefix(self, index: int) -> str:
        """What the names of a layer's tensors begin with."""
        if "{group}" not in self.row.layer:
            return self.row.layer.format(i=index)
        n_group = self.config.whole("num_hidden_groups")
        return self.row.layer.format(group=index * n_group // self.n_layer)

    def run(
        self,
        x: FloatArray,
        look: Looking,
        *,
        last_layer: int | None = None,
        across: Looking | None = None,
    ) -> FloatArray:
        """The layers up to the last one wanted; after all of them, the final norm.

        `across` is how a decoder looks at the encoder.
        Shapes: [token, d_model] -> [token, d_model]
        """
        n_layer = self.n_layer if last_layer is None else min(last_layer + 1, self.n_layer)
        for index in range(n_layer):
            last = index == n_layer - 1 and not look.read
            x = self.layer(index, x, look, across, feed=not last)
        return x if n_layer < self.n_layer or not look.read else self.finished(x)

    def finished(self, x: FloatArray) -> FloatArray:
        """What comes after the last layer.    [token, d_model] -> [token, d]"""
        x = self.weights.norm(x, self.row.final)
        narrow = self.config.whole("d_embedding", x.shape[-1])
        if self.row.final_project and narrow != x.shape[-1]:
            return self.weights.linear(x, self.row.final_project, narrow, bias=False)
        return x

    def layer(
        self, index: int, x: FloatArray, look: Looking, across: Looking | None, *, feed: bool
    ) -> FloatArray:
        """Attention and feed-forward, each added to what was there.    [token, d_model]"""
        w, row = self.weights.at(self.prefix(index)), self.row

        def branch(part: Attention | FeedForward, x: FloatArray, look: Looking) -> FloatArray:
            inner = w.norm(x, part.before) if index >= part.before_from else x
            if isinstance(part, FeedForward):
                made = fed_forward(part, w, inner)
            else:
                made = attended(part, w, index, inner, look)
            return w.norm(made, part.after)

        def added(part: Attention | FeedForward, x: FloatArray, look: Looking) -> FloatArray:
            return w.norm(x + branch(part, x, look), part.end)

        if w.given(row.parallel) and feed:
            return x + branch(row.attention, x, look) + branch(row.feed_forward, x, look)
        x = added(row.attention, x, look)
        if row.cross is not None and across is not None:
            x = added(row.cross, x, across)
        return added(row.feed_forward, x, look) if feed else x


def fed_forward(row: FeedForward, w: Weights, x: FloatArray) -> FloatArray:
    """Formula: down(act(up(x))) or down(act(gate(x)) · up(x))    [token, d_model]"""
    d_model = x.shape[-1]
    width = w.config.whole("d_inner", 4 * d_model)
    named = w.config.word("activation")
    act = activation(row.means.get(named, named))
    up = w.product(x, row.up, 2 * width if row.fused else width, bias=row.bias)
    gate = w.product(x, row.gate, width, bias=row.bias) if row.gate else None

    def inner(some: slice, out: FloatArray) -> None:
        if row.fused:
            beside = slice(width + some.start, width + some.stop)
            np.multiply(act(up.columns(some)), up.columns(beside), out=out)
        elif gate is not None:
            np.multiply(act(gate.columns(some)), up.columns(some), out=out)
        else:
            out[...] = act(up.columns(some))

    inside = made(Wide(inner, len(x), d_model, width))[0]
    return w.linear(inside, row.down, d_model, bias=row.bias)
