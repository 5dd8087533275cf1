"""Array types of all signatures, and the conversion of input arrays to floats."""

from __future__ import annotations

from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

FloatArray: TypeAlias = NDArray[np.floating[Any]]
IntArray: TypeAlias = NDArray[np.integer[Any]]
BoolArray: TypeAlias = NDArray[np.bool_]
Shape: TypeAlias = tuple[int, ...]


def as_floats(array: Any) -> FloatArray:
    """An array as floats: float16 becomes float32, integers float64, the rest stays as it is."""
    numbers = np.asarray(array)
    if numbers.dtype == np.float16:
        return numbers.astype(np.float32)
    if numbers.dtype in (np.float32, np.float64):
        return numbers
    return numbers.astype(np.float64)
