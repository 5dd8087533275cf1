"""Shortest decimals of float32 numbers below 1, as integers of nine digits: many at once.

A decimal reads back as a float32 if it is less than half the distance to the next float32 away
from it. Nine digits always are; digits are dropped from the end as long as that holds. Below a
power of two the next float32 is half as far, which matters for none of those.
"""

from __future__ import annotations

from functools import cache
from typing import NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray

TENS = 10.0 ** np.arange(23)  # the powers of ten that are exact in float64
N_DIGIT = 9  # of a float32
N_MANTISSA = 23  # bits
ROUNDING = 1e-6  # more than the error of a number times a power of ten, below 1e9


class Digits(NamedTuple):
    """Numbers as digits · 10^(exponent - 8), whose last 9 - n_digit digits are zeros.

    `is_exact`: not where a number has more digits, or where the arithmetic leaves them in doubt.
    Shapes: each [...]
    """

    digits: IntArray  # 1e8 up to 1e9 - 1
    exponent: IntArray  # -1 for numbers from 0.1 on
    n_digit: IntArray
    is_exact: BoolArray


def shortest_digits(size: FloatArray) -> Digits:
    """The shortest decimals of float32 numbers from 1e-12 to below 1.    [...] -> [...]"""
    binary = size.view(np.uint32) >> N_MANTISSA
    exact = size.astype(np.float64)
    low, next_power, half_distance = binary_tables()
    exponent = low.take(binary) + (exact >= next_power.take(binary))
    scale = TENS.take(N_DIGIT - 1 - exponent)
    scaled = exact * scale
    distance = half_distance.take(binary) * scale + ROUNDING
    digits, n_digit = np.rint(scaled), np.full(size.shape, N_DIGIT, np.int8)
    for n_dropped in range(1, N_DIGIT):
        shorter = drop_digits(scaled, n_dropped)
        fits = np.abs(shorter - scaled) < distance
        if not fits.any():
            break
        np.copyto(digits, shorter, where=fits)
        n_digit -= fits
    is_exact = (digits / scale).astype(np.float32) == size
    is_power = digits == TENS[N_DIGIT]
    if is_power.any():
        digits[is_power] = TENS[N_DIGIT - 1]
        exponent = exponent + is_power
    return Digits(digits.astype(np.uint32), exponent, n_digit, is_exact)


def drop_digits(scaled: FloatArray, n_dropped: int) -> FloatArray:
    """The nearest integers that end in `n_dropped` zeros.    [...] -> [...]"""
    nearest: FloatArray = np.rint(scaled / TENS[n_dropped])
    nearest *= TENS[n_dropped]
    return nearest


@cache
def binary_tables() -> tuple[IntArray, FloatArray, FloatArray]:
    """Decimal exponents of the smallest float32 of each stored binary exponent, the powers of ten
    above them, and half the distances between neighbors.

    Shapes: -> each [256]
    """
    smallest = 2.0 ** (np.arange(256) - 127)
    exponent = np.floor(np.log10(smallest)).astype(np.int64)
    return exponent, 10.0 ** (exponent + 1), smallest / 2 ** (N_MANTISSA + 1)
