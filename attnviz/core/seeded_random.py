"""Seeded random numbers: the same on every machine and with every version of NumPy.

NumPy guarantees only the integer stream of a named bit generator. The integers of Philox are
therefore converted to floats by operations that IEEE 754 rounds in one way only, without
logarithms, cosines or any library function whose next version may differ.
"""

from __future__ import annotations

import json
from hashlib import blake2b

import numpy as np

from attnviz.core.arrays import FloatArray, Shape

SCHEME = "seeded-v1"


def draw_uniform(shape: Shape, *role: str | int, variance: float = 1.0) -> FloatArray:
    """Uniform random numbers with mean 0, keyed by their role.    -> [*shape]

    The key is BLAKE2b of (scheme, *role), so numbers depend neither on the order of the draws
    nor on other draws. A longer array begins with the shorter one.

    >>> first = draw_uniform((3,), 0, "token", "cat")
    >>> bool((first == draw_uniform((5,), 0, "token", "cat")[:3]).all())
    True
    """
    name = json.dumps([SCHEME, *role]).encode()
    key = int.from_bytes(blake2b(name, digest_size=16).digest(), "little")
    raw = np.random.Philox(key=key).random_raw(int(np.prod(shape)))
    unit = (raw >> np.uint64(11)) * 2.0**-53  # [0, 1)
    signed = (unit - 0.5) * 2.0  # [-1, 1), variance 1/3
    return np.reshape(signed * np.sqrt(3.0 * variance), shape)


def draw_weights(shape: Shape, *role: str | int) -> FloatArray:
    """Random parameters of a layer, of variance 1 / inputs.    -> [*shape]

    The last axis is the input: d for a vector [d] and for a matrix [out, d]. A scalar has
    variance 1.
    """
    return draw_uniform(shape, *role, variance=1.0 / shape[-1] if shape else 1.0)
