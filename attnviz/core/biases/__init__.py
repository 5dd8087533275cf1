"""Score biases: terms added to scaled scores before the mask, and other maps of logits."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.part import Part


class Bias(Part):
    """A map of the logits; most add a term."""

    renamed: ClassVar = {**Part.renamed, "reckoned": "format_step"}

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        raise TypeError(f"{type(self).__name__} does not define a bias")

    def format_step(self, before: float, after: float) -> str:
        """The step from one logit to the next as a line of arithmetic: 0.5 − 0.25 (alibi)."""
        sign = "−" if after < before else "+"
        return f"{before:.6g} {sign} {abs(after - before):.6g} ({self})"


class Alibi(Bias):
    """ALiBi: a linear distance penalty, one slope per head.

    Formula: -slope_h · |i - j|, slope_h = 2^(-8 (h+1) / heads)
    Paper: 2108.12409 (with its interpolation where the number of heads is no power of two)
    """

    name = "alibi"

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        grid = inputs.grid
        slope = alibi_slopes(grid.n_head)[grid.h].astype(logits.dtype)
        return logits - slope * np.abs(grid.q - grid.k).astype(logits.dtype)


def alibi_slopes(n_head: int) -> FloatArray:
    """ALiBi's penalty per unit of distance.    -> [head]

    >>> slopes(8)[[0, 7]].tolist()
    [0.5, 0.00390625]
    """
    power = 1 << (n_head.bit_length() - 1)
    geometric = 2.0 ** (-8.0 * np.arange(1, power + 1) / power)
    interpolated = 2.0 ** (-4.0 * np.arange(1, 2 * (n_head - power), 2) / power)
    return np.concatenate([geometric, interpolated])


class Temperature(Bias):
    """Softmax temperature: rows get sharper below 1, flatter above.

    Formula: S / temperature
    """

    name = "temperature"
    limits: ClassVar = {"temperature": (1e-6, inf)}
    temperature: float = 1.0

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        del inputs
        return logits / self.temperature

    def format_step(self, before: float, after: float) -> str:
        """S / temperature"""
        del after
        return f"{before:.6g} / {self.temperature:g}"


class SoftCap(Bias):
    """Logit soft-capping: bounds logits smoothly to ±`cap` by tanh.

    Formula: cap · tanh(S / cap)
    Paper: 2408.00118 (Gemma 2)
    """

    name = "softcap"
    limits: ClassVar = {"cap": (1e-6, inf)}
    cap: float = 30.0

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        del inputs
        return self.cap * np.tanh(logits / self.cap)

    def format_step(self, before: float, after: float) -> str:
        """cap · tanh(S / cap)"""
        del after
        return f"{self.cap:g} × tanh({before:.6g} / {self.cap:g})"


class GivenBias(Bias, eq=False):
    """An additive bias passed as an array.    array: broadcasts to [head, query, key]"""

    name = "given"
    array: FloatArray

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return logits + inputs.grid.slice_array(self.array)

    def __str__(self) -> str:
        return "given bias"


PARTS: tuple[type[Bias], ...] = (Alibi, Temperature, SoftCap)
