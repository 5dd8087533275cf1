"""Trained weights of a part of a model: its linear layers and layer norms."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.engine.output_path import NormScale
from attnviz.record import Record
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.checkpoint.tensors import Tensors
from attnviz.sources.families.spec import Flag, Norm
from attnviz.sources.transformer.matmul import LazyLinear, materialize


class Weights(Record):
    """The tensors whose names begin with `prefix`, and the config that they are used with."""

    tensors: Tensors
    config: Config
    norm_spec: Norm
    in_first: bool = False
    prefix: str = ""
    index: int = 0  # of the layer

    def under(self, prefix: str, index: int = 0) -> Weights:
        """The tensors below a further prefix, that of a layer."""
        return replace(self, prefix=self.prefix + prefix, index=index)

    def full_name(self, name: str) -> str:
        """The name of a tensor: below the prefix, unless it begins with "/"."""
        if not name.startswith("/"):
            return self.prefix + name
        return name[1:].replace("{i}", str(self.index))

    def resolve_flag(self, flag: Flag) -> bool:
        """The value of a flag: itself, or that of the config key it names."""
        return self.config.get_bool(flag) if isinstance(flag, str) else flag

    def get(self, name: str, shape: Sequence[int | None]) -> FloatArray:
        """A tensor, whose shape is checked.    -> [*shape]"""
        return self.tensors.get(self.full_name(name), shape)

    def linear(self, x: FloatArray, name: str, width: int, *, bias: Flag = True) -> FloatArray:
        """A linear layer, x Wᵀ + b.    [token, d] -> [token, width]"""
        return materialize(self.lazy_linear(x, name, width, bias=bias).lazy())[0]

    def lazy_linear(
        self, x: FloatArray, name: str, width: int, *, bias: Flag = True
    ) -> LazyLinear:
        """The same, computed later and by columns.    [token, d]"""
        d = x.shape[-1]
        shape = (d, width) if self.in_first else (width, d)
        matrix = self.tensors.tensor(self.full_name(f"{name}.weight"), shape)
        offset = self.get(f"{name}.bias", (width,)) if self.resolve_flag(bias) else None
        return LazyLinear(x, matrix, offset, self.in_first, width)

    def norm(self, x: FloatArray, name: str, spec: Norm | None = None) -> FloatArray:
        """Layer norm or RMS norm; without a name, the identity.    [..., d] -> [..., d]"""
        if not name:
            return x
        spec = spec or self.norm_spec
        eps, shape = np.float32(self.config.get_float("eps")), (x.shape[-1],)
        has_weight, weight = self.resolve_flag(spec.weight), self.norm_weight(name, spec, shape)
        normalized = (rms_norm if spec.kind == "rms" else layer_norm)(x, weight, eps)
        if has_weight and spec.kind == "layer" and self.resolve_flag(spec.bias):
            normalized += self.norm_vector(name, ("bias", "beta"), shape)
        return normalized

    def norm_weight(self, name: str, spec: Norm, shape: Shape) -> FloatArray:
        """The weight of a norm; ones where it has none.    -> [d]"""
        if not self.resolve_flag(spec.weight):
            return np.ones(shape, np.float32)
        weight = self.norm_vector(name, ("weight", "gamma"), shape)
        return weight + np.float32(1) if spec.plus_one else weight

    def norm_scale(self, name: str, d_model: int) -> NormScale:
        """The norm of this name as what contributions are divided by.    weight [d_model]"""
        weight = self.norm_weight(name, self.norm_spec, (d_model,))
        is_layer_norm = self.norm_spec.kind != "rms"
        return NormScale(weight, self.config.get_float("eps"), is_layer_norm)

    def norm_vector(self, name: str, suffixes: tuple[str, str], shape: Shape) -> FloatArray:
        """A vector of a norm; old checkpoints call weight and bias gamma and beta.    -> [d]"""
        names = [self.full_name(f"{name}.{suffix}") for suffix in suffixes]
        return self.tensors.get(names[0] if self.tensors.find(names[0]) else names[1], shape)


def layer_norm(x: FloatArray, weight: FloatArray, eps: np.float32) -> FloatArray:
    """Layer norm without its bias.    [..., d], [d] -> [..., d]

    Formula: w (x - mean) / √(variance + eps)
    Paper: 1607.06450
    """
    mean = np.add.reduce(x, -1, keepdims=True) / np.float32(x.shape[-1])  # faster than np.mean
    return rms_norm(x - mean, weight, eps)


def rms_norm(x: FloatArray, weight: FloatArray, eps: np.float32) -> FloatArray:
    """RMS norm.    [..., d], [d] -> [..., d]

    Formula: w x / √(mean of x² + eps)
    Paper: 1910.07467
    """
    mean_square = np.einsum("...d,...d->...", x, x)[..., None] / np.float32(x.shape[-1])
    normalized = x / np.sqrt(mean_square + eps)
    normalized *= weight
    return normalized
