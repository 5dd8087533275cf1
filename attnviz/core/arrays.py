"""Array types of all signatures, and the conversion of input arrays to floats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.floating[Any]]
IntArray: TypeAlias = NDArray[np.integer[Any]]
BoolArray: TypeAlias = NDArray[np.bool_]
Shape: TypeAlias = tuple[int, ...]

ByteArray: TypeAlias = NDArray[np.uint8]
HEADER_BYTES = 4096  # before the numbers of an array in a file
SHORT_FLOATS = ("bfloat16", "float8_", "float6_", "float4_")  # of ml_dtypes; no kind of NumPy


def as_floats(array: Any) -> FloatArray:
    """An array as native float32 or float64.    [...] -> [...]

    Floats of up to 32 bits, bfloat16 among them, become float32; all other numbers float64.
    """
    numbers = np.asarray(array)
    is_short = numbers.dtype.kind == "f" and numbers.dtype.itemsize <= 4
    is_short = is_short or numbers.dtype.name.startswith(SHORT_FLOATS)
    return numbers.astype(np.float32 if is_short else np.float64, copy=False)


def largest_magnitude(array: FloatArray) -> float:
    """The largest magnitude, found without a second array; 0 of none.    [...]"""
    return max(float(array.max(initial=0.0)), -float(array.min(initial=0.0)))


def read_only(array: Any) -> Any:
    """The array in C order, as files hold it, and not to be written to.    [...] -> [...]

    A copy, unless it is such an array already, or all of one: maps that differ in their metadata
    share theirs, and maps from files keep what was read.
    """
    flags = array.flags if type(array) is np.ndarray else None
    if flags is not None and flags.c_contiguous and flags.aligned and not flags.writeable:
        owner = array
        while type(owner.base) is np.ndarray:
            owner = owner.base
        is_all = owner.nbytes <= array.nbytes + HEADER_BYTES
        if owner.flags.owndata and not owner.flags.writeable and is_all:
            return array
    copy = np.array(array, order="C")
    copy.setflags(write=False)
    return copy


def stack_read_only(arrays: Sequence[NDArray[Any]]) -> Any:
    """Equal arrays stacked, not to be written to.    [...] each -> [array, ...]"""
    stacked = np.stack(arrays)
    stacked.setflags(write=False)
    return stacked
