"""Conversion to NumPy: arrays of torch, JAX and other libraries, and nested lists."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape, as_floats
from attnviz.errors import InvalidInputError
from attnviz.sources.external.nested_lists import from_lists
from attnviz.sources.safe_read import one_line_message

SHORT = ("bfloat16", "float8", "float4")  # float types that NumPy does not have


def to_numpy(source: Any, what: str = "attention") -> FloatArray:
    """An array of any library, or nested lists, as a NumPy array.    [...] -> [...]

    Masked values of NumPy's masked arrays are 0; see `unmasked`.
    Raises InvalidInputError for non-numeric, ragged or inaccessible values.
    """
    if isinstance(source, list | tuple):
        return stack_lists(source, what)
    try:
        source = fetch_to_host(source)
        array = np.asarray(source.filled(0) if isinstance(source, np.ma.MaskedArray) else source)
    except Exception as error:  # arrays of other libraries may raise anything
        raise InvalidInputError(
            f"{what} is not an array of numbers: {one_line_message(error)}"
        ) from None
    if array.dtype.name.startswith(SHORT):
        array = array.astype(np.float32)
    if array.dtype.kind not in "fiub":
        raise InvalidInputError(f"{what} has type {array.dtype.name}; it should be numbers")
    return as_floats(array)


def unmasked(sources: Sequence[Any]) -> list[BoolArray] | None:
    """Which values are valid, of arrays of which some are NumPy's masked arrays; else None.

    Shapes: each [...] -> each [...]
    """
    if not any(isinstance(source, np.ma.MaskedArray) for source in sources):
        return None
    return [~np.ma.getmaskarray(source) for source in sources]


def float_bytes(shape: Shape, dtype: Any, *, is_copied: bool = False) -> int:
    """The bytes of an array as floats, in the map, and of a flag per value, beside its own.

    `is_copied`: it is copied on the way, even if it holds floats already. A type of another
    library is counted as float32, which is copied.
    """
    try:
        kind = np.dtype(dtype)
    except TypeError:
        kind = np.dtype(np.float16)
    n_byte = 4 if kind in (np.float16, np.float32) else 8
    is_converted = is_copied or kind not in (np.float32, np.float64)
    return prod(shape) * (n_byte * (1 + is_converted) + 1)


def stack_lists(source: Sequence[Any], what: str) -> FloatArray:
    """Nested lists of numbers, or of arrays.    [...] -> [...]"""
    first: Any = source
    while isinstance(first, list | tuple) and first:
        first = first[0]
    if not is_array(first):
        return from_lists(source, what)
    parts = [to_numpy(part, what) for part in source]
    if len({part.shape for part in parts}) > 1:
        raise InvalidInputError(f"{what} is ragged: arrays of different shapes side by side")
    return np.stack(parts)


def fetch_to_host(array: Any) -> Any:
    """An array in host memory, without gradient, in a type that NumPy has."""
    if type(array) is np.ndarray:
        return array
    for step in ("detach", "cpu"):
        array = getattr(array, step, lambda array=array: array)()
    if any(name in str(getattr(array, "dtype", "")) for name in SHORT) and hasattr(array, "float"):
        array = array.float()
    if hasattr(array, "__cuda_array_interface__") and hasattr(array, "get"):
        array = array.get()
    return array


def is_array(value: Any) -> bool:
    """Whether a value is an array of some library."""
    return hasattr(value, "shape") and (hasattr(value, "dtype") or hasattr(value, "__array__"))
