"""Array types of all signatures, and the conversion of input arrays to floats."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.floating[Any]]
IntArray: TypeAlias = NDArray[np.integer[Any]]
BoolArray: TypeAlias = NDArray[np.bool_]
Shape: TypeAlias = tuple[int, ...]

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
