"""Numbers from a seed: the same on every machine, in every version of every library.

NumPy promises only the integer stream of a named bit generator. So the integers of Philox are
taken as they come and turned into floats by steps that IEEE 754 rounds in one way only: no
logarithm, no cosine, no library whose next version may draw otherwise.
"""

from __future__ import annotations

import json
from hashlib import blake2b

import numpy as np

from attnviz.core.arrays import FloatArray, Shape

SCHEME = "seeded-v1"


def draw(shape: Shape, *role: str | int, variance: float = 1.0) -> FloatArray:
    """Evenly spread numbers around 0, keyed by what they are for.    -> [*shape]

    The key is BLAKE2b of (scheme, *role), so numbers depend neither on the order in which
    they are drawn nor on what else is drawn. A longer array begins with the shorter one.

    >>> bool((draw((3,), 0, "token", "cat") == draw((5,), 0, "token", "cat")[:3]).all())
    True
    """
    name = json.dumps([SCHEME, *role]).encode()
    key = int.from_bytes(blake2b(name, digest_size=16).digest(), "little")
    raw = np.random.Philox(key=key).random_raw(int(np.prod(shape)))
    unit = (raw >> np.uint64(11)) * 2.0**-53  # [0, 1)
    signed = (unit - 0.5) * 2.0  # [-1, 1), variance 1/3
    return np.reshape(signed * np.sqrt(3.0 * variance), shape)


def draw_weights(shape: Shape, *role: str | int, spread: float | None = None) -> FloatArray:
    """Numbers of a layer that keep the size of what goes through it: variance 1 / inputs.

    The last axis takes the inputs: d for a vector [d] and for a matrix [out, d]. A single
    number has variance 1. `spread` is a standard deviation instead.
    """
    if spread is not None:
        return draw(shape, *role, variance=spread**2)
    return draw(shape, *role, variance=1.0 / shape[-1] if shape else 1.0)
