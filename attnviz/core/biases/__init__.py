"""Biases: what happens to scaled scores before the mask.    logits -> logits"""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.part import Inputs, Part


class Bias(Part):
    """A change of the logits; most add something."""

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        raise TypeError(f"{type(self).__name__} does not say what it changes")

    def reckoned(self, before: float, after: float) -> str:
        """How one score became another, as one writes it."""
        sign = "−" if after < before else "+"
        return f"{before:.6g} {sign} {abs(after - before):.6g} ({self})"


class Alibi(Bias):
    """Distance costs score; each head has its own price.

    Formula: -slope_h · |i - j|, slope_h = 2^(-8 (h+1) / heads)
    Paper: 2108.12409 (with its interpolation when the heads are no power of two)
    """

    name = "alibi"

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        grid = inputs.grid
        price = slopes(grid.n_head)[grid.h].astype(logits.dtype)
        return logits - price * np.abs(grid.q - grid.k).astype(logits.dtype)


def slopes(n_head: int) -> FloatArray:
    """ALiBi's price of one step of distance.    -> [head]

    >>> slopes(8)[[0, 7]].tolist()
    [0.5, 0.00390625]
    """
    power = 1 << (n_head.bit_length() - 1)
    whole = 2.0 ** (-8.0 * np.arange(1, power + 1) / power)
    between = 2.0 ** (-4.0 * np.arange(1, 2 * (n_head - power), 2) / power)
    return np.concatenate([whole, between])


class Temperature(Bias):
    """Sharper below 1, flatter above.

    Formula: S / temperature
    """

    name = "temperature"
    limits: ClassVar = {"temperature": (1e-6, inf)}
    temperature: float = 1.0

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        del inputs
        return logits / self.temperature

    def reckoned(self, before: float, after: float) -> str:
        """S / temperature"""
        del after
        return f"{before:.6g} / {self.temperature:g}"


class SoftCap(Bias):
    """No score can grow beyond a cap, and none is cut.

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

    def reckoned(self, before: float, after: float) -> str:
        """cap · tanh(S / cap)"""
        del after
        return f"{self.cap:g} × tanh({before:.6g} / {self.cap:g})"


class GivenBias(Bias):
    """Numbers that the caller brings.    array: broadcasts to [head, query, key]"""

    name = "given"
    array: FloatArray

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return logits + inputs.grid.part_of(self.array)

    def __str__(self) -> str:
        return "given bias"


PARTS: tuple[type[Bias], ...] = (Alibi, Temperature, SoftCap)
