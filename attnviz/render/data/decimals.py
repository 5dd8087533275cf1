"""Decimals: float32 values as the shortest decimals that read back exactly."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.errors import NumbersError

SMALLEST, LARGEST = 1e-12, 1.0  # between them, up to nine digits are integers over 10^n
TENS = 10.0 ** np.arange(23)  # the powers of ten that are exact in float64
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
    quotient is rounded once, so that it is the float64 of these k digits. Where the power of
    ten would not be exact, NumPy formats the number, which takes ten times as long.
    """
    exact = numbers.ravel().astype(np.float64)
    short, left = np.zeros_like(exact), np.flatnonzero(exact)
    size = np.abs(exact[left])
    far = (size < SMALLEST) | (size >= LARGEST)
    short[left[far]] = exact[left[far]].astype("<f4").astype("S").astype(np.float64)
    left = left[~far]
    power = 8 - np.floor(np.log10(np.abs(exact[left]))).astype(int)  # for nine digits
    few = round_to_places(exact[left], power - 3).astype("<f4") == exact[left].astype("<f4")
    for some, lengths in ((few, range(1, 7)), (~few, range(7, 10))):
        at, tens = left[some], power[some]
        for length in lengths:
            tried = round_to_places(exact[at], tens - (9 - length))
            fits = tried.astype("<f4") == exact[at].astype("<f4")
            short[at[fits]] = tried[fits]
            at, tens = at[~fits], tens[~fits]
        short[at] = exact[at].astype("<f4").astype("S").astype(np.float64)
    return short.reshape(numbers.shape)


def round_to_places(numbers: FloatArray, places: IntArray) -> FloatArray:
    """Round each number to its number of decimals.    [number], [number] -> [number]"""
    return np.rint(numbers * TENS[places]) / TENS[places]
