"""Score biases: terms added to scaled scores before the mask, and other maps of logits."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, Piece
from attnviz.core.arrays import FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.part import Part


class Bias(Part):
    """A map of the logits; most add a term."""

    renamed: ClassVar = {
        **Part.renamed,
        "reckoned": "explain_lines",
        "format_step": "explain_lines",
    }

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        raise TypeError(f"{type(self).__name__} does not define a bias")

    def explain_lines(self, pair: Pair, before: float, after: float) -> Lines:
        """The arithmetic from one logit to the next, its value last."""
        *lines, term = self.term_lines(pair, after - before)
        yield from lines
        if term.table is None and len(term.pieces) > 1:  # an expression, written into the sum
            pieces: tuple[Piece, ...] = (before, " + ", *term.pieces)
        else:
            yield term
            pieces = (before, " + ", term.value)
        yield ArithmeticLine(self.name, pieces, after)

    def term_lines(self, pair: Pair, term: float) -> Lines:
        """The arithmetic of the term that is added, its value last."""
        del pair
        yield ArithmeticLine("term", (str(self),), term)


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

    def explain_lines(self, pair: Pair, before: float, after: float) -> Lines:
        """The head's slope, and the penalty: slope times distance"""
        slope = slope_line(pair)
        yield slope
        distance: tuple[Piece, ...] = ("|", pair.i, " − ", pair.j, "|")
        yield ArithmeticLine(self.name, (before, " − ", slope.value, " × ", *distance), after)


def slope_line(pair: Pair) -> ArithmeticLine:
    """ALiBi's slope of the head, as a power of 2."""
    n_head = pair.inputs.grid.n_head
    power = 1 << (n_head.bit_length() - 1)
    head: tuple[Piece, ...] = (pair.head + 1, " / ", power)
    if pair.head >= power:  # between two slopes of twice as many heads
        head = (2 * (pair.head - power) + 1, " / ", 2 * power)
    slope = float(alibi_slopes(n_head)[pair.head])
    return ArithmeticLine("slope", ("2^(−8 × ", *head, ")"), slope)


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

    def explain_lines(self, pair: Pair, before: float, after: float) -> Lines:
        """S / temperature"""
        del pair
        if self.temperature != round(self.temperature, 2):  # the root of a width
            yield ArithmeticLine("t", ("the tunable temperature",), self.temperature)
        yield ArithmeticLine(self.name, (before, " / ", self.temperature), after)


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

    def explain_lines(self, pair: Pair, before: float, after: float) -> Lines:
        """cap · tanh(S / cap)"""
        del pair
        pieces = (self.cap, " × tanh(", before, " / ", self.cap, ")")
        yield ArithmeticLine(self.name, pieces, after)


class GivenBias(Bias, eq=False):
    """An additive bias passed as an array.    array: broadcasts to [head, query, key]"""

    name = "given"
    array: FloatArray

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        return logits + inputs.grid.slice_array(self.array)

    def term_lines(self, pair: Pair, term: float) -> Lines:
        """The entry of the array"""
        del pair
        yield ArithmeticLine("bias", ("given",), term)

    def __str__(self) -> str:
        return "given bias"


PARTS: tuple[type[Bias], ...] = (Alibi, Temperature, SoftCap)
