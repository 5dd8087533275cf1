"""Decimals: float32 values as the shortest decimals that read back exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import NumbersError
from attnviz.render.data.shortest_digits import N_DIGIT, TENS, shortest_digits

SMALLEST, LARGEST = 1e-12, 1.0  # between them, up to nine digits are integers over 10^n
BLOCK_SIZE = 1 << 13  # numbers that are converted at a time; their arrays stay in the cache
DIGITS = 17  # a float64 below 1 has no more decimals


def row_blocks(n_row: int, n_column: int) -> Iterator[slice]:
    """Slices of rows that hold about BLOCK_SIZE numbers each, at least one row."""
    n = max(1, BLOCK_SIZE // max(1, n_column))
    for start in range(0, n_row, n):
        yield slice(start, min(start + n, n_row))


def require_float32(array: FloatArray, what: str) -> None:
    """Raise NumbersError for numbers outside float32.    [..., row, column]

    Blocks of rows are converted, so that no second array of this size exists.
    """
    if array.dtype.itemsize <= 4:  # smaller types cannot overflow
        return
    for outer in np.ndindex(array.shape[:-2]):
        for rows in row_blocks(*array.shape[-2:]):
            with np.errstate(over="ignore", invalid="ignore"):
                is_finite = np.isfinite(array[(*outer, rows)].astype("<f4")).all()
            if not is_finite:
                to_float32(array, what)  # its error states where in the whole array


def to_float32(array: FloatArray, what: str) -> FloatArray:
    """Convert to float32. Raises NumbersError on overflow.    [...] -> [...]"""
    with np.errstate(over="ignore", invalid="ignore"):
        numbers = np.asarray(array).astype("<f4", copy=False)
    if not np.isfinite(numbers).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(numbers))[0])
        raise NumbersError(
            f"{what} {list(where)} is {array[where]}, which is not a finite float32"
        )
    return numbers


def to_decimals(array: FloatArray, what: str, precision: int | None = None) -> list[Any]:
    """Floats with a short decimal form.    [...] -> nested lists"""
    nested: list[Any] = decimals(array, what, precision).tolist()
    return nested


def decimals(array: FloatArray, what: str, precision: int | None = None) -> FloatArray:
    """The float64 with a short decimal form of each number.    [...] -> [...]

    Without a precision the shortest that read back as the same float32; else rounded to that
    number of decimals.
    """
    numbers = to_float32(array, what)
    if precision is None:
        return shortest_decimals(numbers)
    rounded: FloatArray = np.round(np.asarray(array, dtype=np.float64), min(precision, DIGITS))
    return rounded


def shortest_decimals(numbers: FloatArray) -> FloatArray:
    """The float64 whose text is the shortest that reads back as the same float32.    [...]

    A decimal of k digits is an integer over a power of ten. Both are exact in float64 and their
    quotient is rounded once, so that it is the float64 of these k digits. NumPy formats numbers
    out of reach of that, which takes far longer.
    """
    size = np.abs(numbers.ravel())
    left = np.flatnonzero(size)
    is_short = (size[left] >= SMALLEST) & (size[left] < LARGEST)
    at = left[is_short]
    digits = shortest_digits(size[at])
    short = np.zeros(size.shape)
    short[at] = digits.digits / TENS[N_DIGIT - 1 - digits.exponent]
    others = np.concatenate((left[~is_short], at[~digits.is_exact]))
    short[others] = size[others].astype("S").astype(np.float64)
    result: FloatArray = np.copysign(short.reshape(numbers.shape), np.where(numbers < 0, -1, 1))
    return result
