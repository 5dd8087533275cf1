"""Feed-forward layers, plain or gated."""

from __future__ import annotations

from functools import partial
from typing import NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.sources.families.spec import FeedForward
from attnviz.sources.transformer.activations import Activation, find_activation, sigmoid, xielu
from attnviz.sources.transformer.matmul import LazyLinear, LazyMatrix, materialize
from attnviz.sources.transformer.weights import Weights


class GatedUnit(NamedTuple):
    """The inner vectors of a feed-forward layer: act(up(x)), or act(gate(x)) · up(x).

    `fused`: `up` holds gate and up, "halves" or "interleaved". With a `clamp` (α, limit), the
    clamped SwiGLU of gpt-oss, (clip(up, ±limit) + 1) · g σ(α g), g = min(gate, limit).
    """

    up: LazyLinear
    gate: LazyLinear | None
    act: Activation
    width: int
    fused: str = ""
    clamp: tuple[np.float32, np.float32] | None = None

    def write(self, columns: slice, out: FloatArray) -> None:
        """Compute some columns into `out`.    -> [token, column]"""
        gate, up = self.gate_and_up(columns)
        if gate is None:
            out[...] = self.act(up)
        elif self.clamp is None:
            np.multiply(self.act(gate), up, out=out)
        else:
            alpha, limit = self.clamp
            gate = np.minimum(gate, limit)
            np.multiply(np.clip(up, -limit, limit) + 1, gate * sigmoid(alpha * gate), out=out)

    def gate_and_up(self, columns: slice) -> tuple[FloatArray | None, FloatArray]:
        """Some columns of gate(x), if any, and of up(x).    -> each [token, column]"""
        if self.fused == "interleaved":
            both = self.up.columns(slice(2 * columns.start, 2 * columns.stop))
            return both[:, ::2], both[:, 1::2]
        if self.fused:
            second_half = slice(self.width + columns.start, self.width + columns.stop)
            return self.up.columns(columns), self.up.columns(second_half)
        gate = None if self.gate is None else self.gate.columns(columns)
        return gate, self.up.columns(columns)

    def compute(self) -> FloatArray:
        """All columns.    -> [token, width]"""
        n_token, d = self.up.x.shape
        matrix = LazyMatrix(self.write, n_token, d, self.width, self.up.matrix.read_cost)
        return materialize(matrix)[0]


def feed_forward(spec: FeedForward, w: Weights, x: FloatArray) -> FloatArray:
    """Feed-forward layer, plain or gated.    [token, d_model] -> [token, d_model]

    Formula: down(act(up(x))) or down(act(gate(x)) · up(x))
    """
    d_model = x.shape[-1]
    width = w.config.inner_size(spec.d_inner)
    unit = GatedUnit(
        up=w.lazy_linear(x, spec.up, 2 * width if spec.fused else width, bias=spec.bias),
        gate=w.lazy_linear(x, spec.gate, width, bias=spec.bias) if spec.gate else None,
        act=config_activation(spec, w),
        width=width,
        fused="halves" if spec.fused else "",
    )
    return w.linear(unit.compute(), spec.down, d_model, bias=spec.bias)


def config_activation(spec: FeedForward, w: Weights) -> Activation:
    """The activation function that the config names; that of xIELU with its parameters."""
    name, (key, _) = spec.activation or w.config.get_str("activation"), w.config.find("activation")
    if spec.xielu and name == "xielu":
        alpha_p, alpha_n = (w.get(f"{spec.xielu}.alpha_{sign}", (1,)) for sign in "pn")
        return partial(xielu, alpha_p=alpha_p, alpha_n=alpha_n)
    return find_activation(spec.activation_aliases.get(name, name), key)
