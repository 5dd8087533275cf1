"""Quantization: arrays as 8- or 16-bit integers with one scale per row, deflated, in base64.

The scale of a row is its largest magnitude over the largest code, so that a diffuse row is as
precise, in proportion, as one that attends to a single key. The lowest code means masked.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnviz.core.arrays import BoolArray, FloatArray

MAX_16_BIT_VALUES = 1 << 20  # arrays with more nonzero values are stored in 8 bits
MAX_WEIGHTS = 1 << 26  # per page: more than a browser can open


def quantize(array: FloatArray, signed: bool, masked: BoolArray | None = None) -> dict[str, Any]:
    """Quantize each row.    [layer, head, row, column] -> one base64 text per layer

    Formula: value = (code - zero) · peak / top, with peak the row's largest magnitude
    """
    bits = 16 if np.count_nonzero(array) <= MAX_16_BIT_VALUES else 8
    kind = np.iinfo(f"{'int' if signed else 'uint'}{bits}")
    zero = 0 if signed else 1  # the lowest code means masked
    layers = []
    for index, layer in enumerate(array):
        peaks = np.abs(layer, dtype=np.float64).max(-1, keepdims=True, initial=0.0)
        scaled = np.divide(layer, peaks, out=np.zeros(layer.shape), where=peaks > 0)
        values = np.rint(scaled * (kind.max - zero)) + zero
        if masked is not None:
            values[masked[index]] = kind.min
        layers.append(
            compress_arrays(peaks.astype("<f8"), values.astype(kind.dtype.newbyteorder("<")))
        )
    encoding = {"codes": kind.dtype.name, "hidden": kind.min, "zero": zero, "top": kind.max - zero}
    return {**encoding, "shape": list(array.shape), "layers": layers}


def compress_arrays(*arrays: NDArray[Any]) -> str:
    """The bytes of arrays, concatenated and deflated, in base64."""
    return b64encode(zlib.compress(b"".join(a.tobytes() for a in arrays), 6)).decode("ascii")
