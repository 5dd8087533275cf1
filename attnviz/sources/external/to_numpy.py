"""Conversion to NumPy: arrays of torch, JAX and other libraries, and nested lists."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from attnviz.core.arrays import FloatArray, as_floats
from attnviz.errors import InvalidInputError
from attnviz.sources.external.nested_lists import from_lists
from attnviz.sources.external.safe_read import brief

SHORT = ("bfloat16", "float8", "float4")  # floats of other libraries that NumPy does not know


def numeric(given: Any, what: str = "attention") -> FloatArray:
    """Any library's numbers as NumPy's.    [...] -> [...]

    Raises InvalidInputError for what has no numbers, is ragged or cannot be fetched.
    """
    if isinstance(given, list | tuple):
        return listed(given, what)
    try:
        array = np.asarray(fetched(given))
    except Exception as error:  # a foreign array may raise anything
        raise InvalidInputError(f"{what} is no array of numbers: {brief(error)}") from None
    if array.dtype.name.startswith(SHORT):
        array = array.astype(np.float32)
    if array.dtype.kind not in "fiub":
        raise InvalidInputError(f"{what} has type {array.dtype.name}; it should be numbers")
    return as_floats(array)


def listed(given: Sequence[Any], what: str) -> FloatArray:
    """Lists of numbers, or of arrays.    [...] -> [...]"""
    first: Any = given
    while isinstance(first, list | tuple) and first:
        first = first[0]
    if not is_array(first):
        return from_lists(given, what)
    parts = [numeric(part, what) for part in given]
    if len({part.shape for part in parts}) > 1:
        raise InvalidInputError(f"{what} is ragged: arrays of different shapes side by side")
    return np.stack(parts)


def fetched(given: Any) -> Any:
    """An array in this machine's memory, apart from any gradient, in a type NumPy knows."""
    for step in ("detach", "cpu"):
        given = getattr(given, step, lambda given=given: given)()
    if any(name in str(getattr(given, "dtype", "")) for name in SHORT) and hasattr(given, "float"):
        given = given.float()
    if hasattr(given, "__cuda_array_interface__") and hasattr(given, "get"):
        given = given.get()
    return given


def is_array(thing: Any) -> bool:
    """Whether it is an array of some library."""
    return hasattr(thing, "shape") and (hasattr(thing, "dtype") or hasattr(thing, "__array__"))
