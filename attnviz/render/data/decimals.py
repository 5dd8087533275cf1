"""Numbers as the decimals that files hold."""

from __future__ import annotations

from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.errors import NumbersError

SMALLEST, LARGEST = 1e-12, 1.0  # between them, up to nine digits are whole numbers over a power
TENS = 10.0 ** np.arange(23)  # powers of ten that float64 has exactly
DIGITS = 17  # more decimals than this no float64 has below one


def float32(array: FloatArray, what: str) -> FloatArray:
    """The numbers as float32, if it can hold them.    [...] -> [...]"""
    with np.errstate(over="ignore", invalid="ignore"):
        numbers = np.asarray(array).astype("<f4")
    if not np.isfinite(numbers).all():
        where = tuple(int(i) for i in np.argwhere(~np.isfinite(numbers))[0])
        raise NumbersError(f"{what} {list(where)} is {array[where]}, no number float32 can hold")
    return numbers


def decimals(array: FloatArray, what: str, precision: int | None = None) -> list[Any]:
    """Floats that print as short decimals.    [...] -> nested lists

    Without a precision they are the shortest that read back as the same float32; otherwise the
    numbers are rounded to that many decimals.
    """
    numbers = float32(array, what)
    short: FloatArray
    if precision is None:
        short = shortest(numbers)
    else:
        short = np.round(np.asarray(array, dtype=np.float64), min(precision, DIGITS))
    nested: list[Any] = short.tolist()
    return nested


def shortest(numbers: FloatArray) -> FloatArray:
    """For each float32 the float64 whose text is the shortest that reads back as it.    [...]

    A number of k digits is a whole number over a power of ten, and the quotient of two exact
    numbers is rounded once: it is the float64 that the k digits mean. NumPy's own text, which
    takes ten times as long, is asked where a power of ten would not be exact.
    """
    exact = numbers.ravel().astype(np.float64)
    short, left = np.zeros_like(exact), np.flatnonzero(exact)
    size = np.abs(exact[left])
    far = (size < SMALLEST) | (size >= LARGEST)
    short[left[far]] = exact[left[far]].astype("<f4").astype("S").astype(np.float64)
    left = left[~far]
    power = 8 - np.floor(np.log10(np.abs(exact[left]))).astype(int)  # for nine digits
    few = rounded(exact[left], power - 3).astype("<f4") == exact[left].astype("<f4")
    for some, lengths in ((few, range(1, 7)), (~few, range(7, 10))):
        at, tens = left[some], power[some]
        for length in lengths:
            tried = rounded(exact[at], tens - (9 - length))
            fits = tried.astype("<f4") == exact[at].astype("<f4")
            short[at[fits]] = tried[fits]
            at, tens = at[~fits], tens[~fits]
        short[at] = exact[at].astype("<f4").astype("S").astype(np.float64)
    return short.reshape(numbers.shape)


def rounded(numbers: FloatArray, places: IntArray) -> FloatArray:
    """Numbers with so many decimals each.    [number], [number] -> [number]"""
    return np.rint(numbers * TENS[places]) / TENS[places]
