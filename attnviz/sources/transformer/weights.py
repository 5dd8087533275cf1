"""The learned numbers of one place in a model, and what is done with them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.record import Record
from attnviz.sources.checkpoint.config import Config
from attnviz.sources.checkpoint.tensors import Tensors
from attnviz.sources.families.spec import Flag, Norm
from attnviz.sources.transformer.matmul import Product, made


class Weights(Record):
    """Tensors whose names begin with `place`, and the config that says how to use them."""

    tensors: Tensors
    config: Config
    norms: Norm
    in_first: bool = False
    place: str = ""

    def at(self, place: str) -> Weights:
        """The numbers of a place within this one."""
        return replace(self, place=self.place + place)

    def given(self, flag: Flag) -> bool:
        """A flag of a row: yes, no, or what the config says under that key."""
        return self.config.flag(flag) if isinstance(flag, str) else flag

    def get(self, name: str, shape: Sequence[int | None]) -> FloatArray:
        """One tensor of a known shape.    -> [*shape]"""
        return self.tensors.get(self.place + name, shape)

    def linear(self, x: FloatArray, name: str, width: int, *, bias: Flag = True) -> FloatArray:
        """Formula: x Wᵀ + b    [token, d] -> [token, width]"""
        return made(self.product(x, name, width, bias=bias).wide())[0]

    def product(self, x: FloatArray, name: str, width: int, *, bias: Flag = True) -> Product:
        """x Wᵀ + b, not yet made.    [token, d]"""
        d = x.shape[-1]
        shape = (d, width) if self.in_first else (width, d)
        matrix = self.tensors.tensor(f"{self.place}{name}.weight", shape)
        added = self.get(f"{name}.bias", (width,)) if self.given(bias) else None
        return Product(x, matrix, added, self.in_first, width)

    def norm(self, x: FloatArray, name: str) -> FloatArray:
        """The norm of this name; without a name, nothing happens.    [..., d] -> [..., d]"""
        if not name:
            return x
        eps, size = np.float32(self.config.number("eps")), (x.shape[-1],)
        weight = self.vector(name, ("weight", "gamma"), size)
        if self.norms.kind == "rms":
            return rms_norm(x, weight + 1 if self.norms.plus_one else weight, eps)
        centred = layer_norm(x, weight, eps)
        if self.given(self.norms.bias):
            centred += self.vector(name, ("bias", "beta"), size)
        return centred

    def vector(self, name: str, endings: tuple[str, str], shape: Shape) -> FloatArray:
        """A vector of a norm; old checkpoints write gamma and beta.    -> [d]"""
        names = [f"{self.place}{name}.{ending}" for ending in endings]
        return self.tensors.get(names[0] if self.tensors.find(names[0]) else names[1], shape)


def layer_norm(x: FloatArray, weight: FloatArray, eps: np.float32) -> FloatArray:
    """Formula: w (x - mean) / √(variance + eps)    [..., d], [d] -> [..., d]

    Paper: 1607.06450
    """
    return rms_norm(x - x.mean(-1, keepdims=True), weight, eps)


def rms_norm(x: FloatArray, weight: FloatArray, eps: np.float32) -> FloatArray:
    """Formula: w x / √(mean of x² + eps)    [..., d], [d] -> [..., d]

    Paper: 1910.07467
    """
    mean_square = np.einsum("...d,...d->...", x, x)[..., None] / np.float32(x.shape[-1])
    made = x / np.sqrt(mean_square + eps)
    made *= weight
    return made
