"""T5 relative position bias: a learned bias per head and bucket of distances."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, log
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair
from attnviz.core.arrays import FloatArray, IntArray, Shape
from attnviz.core.biases import Bias
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.part import Part


class T5Buckets(Bias):
    """T5 relative position bias: a learned bias per head and distance bucket.

    Formula: S + b_h[bucket(j - i)]; half of the buckets hold one distance each, the widths of
    the others grow geometrically up to `max_distance`. `sides` "both" splits the buckets
    between earlier and later keys, "past" counts later keys as distance 0. All layers
    share one table.
    Paper: 1910.10683 (T5); the same in MPNet (2004.09297)
    """

    name = "buckets"
    layer_shared = ("bucket_bias",)
    tunable_aliases: ClassVar = {"farthest": "max_distance"}
    limits: ClassVar = {"buckets": (4, inf), "max_distance": (2, inf)}
    choices: ClassVar = {"sides": ("both", "past")}
    buckets: int = 32
    max_distance: int = 128
    sides: str = "both"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """b [buckets]"""
        return {"bucket_bias": (self.buckets,)}

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        distance = inputs.grid.k - inputs.grid.q
        index = t5_bucket(distance[0], self.buckets, self.max_distance, both=self.sides == "both")
        return logits + inputs.param("bucket_bias")[:, index]

    def term_lines(self, pair: Pair, term: float) -> Lines:
        """The learned bias of the bucket of the distance"""
        distance = np.array([pair.j - pair.i])
        both = self.sides == "both"
        bucket = int(t5_bucket(distance, self.buckets, self.max_distance, both=both)[0])
        yield ArithmeticLine("b", (f"learned (bucket_bias, row {bucket})",), term)


def t5_bucket(distance: IntArray, n_bucket: int, max_distance: int, *, both: bool) -> IntArray:
    """Bucket of a distance, key - query.    [...] -> [...]

    >>> bucket(np.array([-200, -20, -1, 0, 1, 8]), 32, 128, both=True).tolist()
    [15, 10, 1, 0, 17, 24]
    """
    per_side = n_bucket // 2 if both else n_bucket
    size = np.abs(distance) if both else np.maximum(-distance, 0)
    exact = per_side // 2
    ratio = np.log(np.maximum(size, exact) / exact) / log(max(max_distance / exact, 1.0 + 1e-9))
    far = exact + (ratio.astype(np.float32) * (per_side - exact)).astype(int)
    index = np.where(size < exact, size, np.minimum(far, per_side - 1))
    return index + per_side * (distance > 0) if both else index


PARTS: tuple[type[Part], ...] = (T5Buckets,)
