"""Nested lists as arrays, checked to be rectangular and numeric."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import InvalidInputError

MAX_DEPTH = 8


def from_lists(nested: Sequence[Any], what: str) -> FloatArray:
    """Nested lists of int and float as an array.    -> [...]

    NumPy alone would convert strings and booleans too, and give each string the memory of the
    longest.
    Raises InvalidInputError for those, and for ragged or too deeply nested lists.
    """
    shape, flat = [len(nested)], list(nested)
    while flat and isinstance(flat[0], list | tuple):
        if not set(map(type, flat)) <= {list, tuple}:
            raise InvalidInputError(f"{what} is ragged: lists and other values side by side")
        lengths = sorted(set(map(len, flat)))
        if len(lengths) > 1:
            raise InvalidInputError(
                f"{what} is ragged: lists of length {lengths[0]} and {lengths[-1]} side by side"
            )
        shape.append(lengths[0])
        flat = list(chain.from_iterable(flat))
        if len(shape) > MAX_DEPTH:
            raise InvalidInputError(f"{what} is nested deeper than {MAX_DEPTH} lists")
    others = set(map(type, flat)) - {int, float}
    if others:
        raise InvalidInputError(f"{what} holds {others.pop().__name__}, not only numbers")
    try:
        return np.array(flat, dtype=np.float64).reshape(shape)
    except OverflowError:
        raise InvalidInputError(f"{what} holds a number that float64 cannot hold") from None
