"""Quantization: arrays as 8- or 16-bit integers with one scale per row, deflated, in base64.

The scale of a row is its largest magnitude over the largest code, so that a diffuse row is as
precise, in proportion, as one that attends to a single key. 8-bit codes are uniform in the square
root of the weight: beside an attention sink, most weights of a row are below 1/500 of its largest,
which is half a step of linear 8-bit codes. Each row comes with its exact sum. The lowest code
means masked.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnviz.core.arrays import BoolArray, FloatArray

MAX_16_BIT_VALUES = 1 << 20  # unsigned arrays with more nonzero values are stored in 8 bits
MAX_VECTOR_VALUES = 1 << 20  # arrays of vectors with more values are left out of a page
MAX_WEIGHTS = 1 << 26  # per page: more than a browser can open


def quantize(array: FloatArray, signed: bool, masked: BoolArray | None = None) -> dict[str, Any]:
    """Quantize each row.    [layer, head, row, column] -> one base64 text per layer

    Formula: value = peak · c for 16 bits and peak · c² for 8, with c = (code - zero) / top and
    peak the row's largest magnitude; per layer the bytes of peaks, row sums and codes
    Error: at most peak / 131,070 for 16 bits; for 8 bits, peak / 254 beside another weight of
    that size, so that it is at most 0.002 in a row that sums to 1
    """
    bits = 16 if signed or np.count_nonzero(array) <= MAX_16_BIT_VALUES else 8
    kind = np.iinfo(f"{'int' if signed else 'uint'}{bits}")
    zero = 0 if signed else 1  # the lowest code means masked
    layers, rounds_to_zero = [], False
    for index, layer in enumerate(array):
        peaks = np.abs(layer, dtype=np.float64).max(-1, keepdims=True, initial=0.0)
        scaled = np.divide(layer, peaks, out=np.zeros(layer.shape), where=peaks > 0)
        curved = np.sqrt(scaled) if bits == 8 else scaled
        values = np.rint(curved * (kind.max - zero)) + zero
        rounds_to_zero |= bool(((values == zero) & (layer != 0)).any())
        if masked is not None:
            values[masked[index]] = kind.min
        sums = layer.sum(-1, dtype=np.float64)
        codes = values.astype(kind.dtype.newbyteorder("<"))
        layers.append(compress_arrays(peaks.astype("<f8"), sums.astype("<f8"), codes))
    return {
        "codes": kind.dtype.name,
        "curve": "square" if bits == 8 else "linear",
        "hidden": kind.min,
        "zero": zero,
        "top": kind.max - zero,
        "sums": True,
        "rounds_to_zero": rounds_to_zero,
        "shape": list(array.shape),
        "layers": layers,
    }


def compress_arrays(*arrays: NDArray[Any]) -> str:
    """The bytes of arrays, concatenated and deflated, in base64."""
    return b64encode(zlib.compress(b"".join(a.tobytes() for a in arrays), 6)).decode("ascii")
