"""Numbers, packed: each row as whole numbers of a step of its own, deflated, as base64.

A row's step is its largest magnitude over the largest code, so that a row spread thin over
many keys is kept as exactly, in proportion, as one that looks at a single key. The lowest code
means: hidden.
"""

from __future__ import annotations

import zlib
from base64 import b64encode
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnviz.core.arrays import BoolArray, FloatArray

FINE = 1 << 20  # so many numbers that are not 0 get 16 bits each; where there are more, 8
MOST = 1 << 26  # and more than this a browser should not be asked to open


def packed(array: FloatArray, signed: bool, hidden: BoolArray | None = None) -> dict[str, Any]:
    """Rows as codes.    [layer, head, row, column] -> one packed text a layer

    Formula: value = (code - zero) · peak / top, with peak the row's largest magnitude
    """
    bits = 16 if np.count_nonzero(array) <= FINE else 8
    kind = np.iinfo(f"{'int' if signed else 'uint'}{bits}")
    zero = 0 if signed else 1  # the lowest code is taken
    layers = []
    for at, layer in enumerate(array):
        peaks = np.abs(layer, dtype=np.float64).max(-1, keepdims=True, initial=0.0)
        shares = np.divide(layer, peaks, out=np.zeros(layer.shape), where=peaks > 0)
        whole = np.rint(shares * (kind.max - zero)) + zero
        if hidden is not None:
            whole[hidden[at]] = kind.min
        layers.append(squeezed(peaks.astype("<f8"), whole.astype(kind.dtype.newbyteorder("<"))))
    codes = {"codes": kind.dtype.name, "hidden": kind.min, "zero": zero, "top": kind.max - zero}
    return {**codes, "shape": list(array.shape), "layers": layers}


def squeezed(*arrays: NDArray[Any]) -> str:
    """The bytes of some arrays, one after the other."""
    return b64encode(zlib.compress(b"".join(a.tobytes() for a in arrays), 6)).decode("ascii")
