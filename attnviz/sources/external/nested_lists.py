"""Lists in lists as an array, without trusting that they hold numbers of one shape."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import InvalidInputError

DEEPEST = 8


def from_lists(nested: Sequence[Any], what: str) -> FloatArray:
    """Numbers of nested lists as they are.    -> [...]

    NumPy would take texts and truth values for numbers, and room for the longest of all texts.
    Raises InvalidInputError for those, for ragged lists and for lists too deep.
    """
    shape, flat = [len(nested)], list(nested)
    while flat and isinstance(flat[0], list | tuple):
        if not set(map(type, flat)) <= {list, tuple}:
            raise InvalidInputError(f"{what} is ragged: lists and other things side by side")
        lengths = sorted(set(map(len, flat)))
        if len(lengths) > 1:
            raise InvalidInputError(
                f"{what} is ragged: lists of length {lengths[0]} and {lengths[-1]} side by side"
            )
        shape.append(lengths[0])
        flat = list(chain.from_iterable(flat))
        if len(shape) > DEEPEST:
            raise InvalidInputError(f"{what} is nested deeper than {DEEPEST} lists")
    others = set(map(type, flat)) - {int, float}
    if others:
        raise InvalidInputError(f"{what} holds {others.pop().__name__}, not numbers alone")
    try:
        return np.array(flat, dtype=np.float64).reshape(shape)
    except OverflowError:
        raise InvalidInputError(f"{what} holds a number that float64 cannot hold") from None
