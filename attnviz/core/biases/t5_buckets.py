"""A learned price of distance: one number for each bucket of distances and each head."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf, log
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray, Shape
from attnviz.core.biases import Bias
from attnviz.core.part import Inputs, Part, Sizes


class RelativeBuckets(Bias):
    """Each head learns what distances are worth; far ones share a bucket.

    Formula: S + b_h[bucket(j - i)]; half of the buckets are exact distances, the rest grow
    by a constant factor up to `farthest`. `sides` "both" gives later keys buckets of their
    own, "past" counts them as distance 0.
    Paper: 1910.10683 (T5), with MPNet (2004.09297) the same
    """

    name = "buckets"
    limits: ClassVar = {"buckets": (4, inf), "farthest": (2, inf)}
    choices: ClassVar = {"sides": ("both", "past")}
    buckets: int = 32
    farthest: int = 128
    sides: str = "both"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """b [buckets]"""
        return {"bucket_bias": (self.buckets,)}

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        distance = inputs.grid.k - inputs.grid.q
        place = bucket(distance[0], self.buckets, self.farthest, both=self.sides == "both")
        return logits + inputs.param("bucket_bias")[:, place]


def bucket(distance: IntArray, n_bucket: int, farthest: int, *, both: bool) -> IntArray:
    """The bucket of a distance key - query.    [...] -> [...]

    >>> bucket(np.array([-200, -20, -1, 0, 1, 8]), 32, 128, both=True).tolist()
    [15, 10, 1, 0, 17, 24]
    """
    side = n_bucket // 2 if both else n_bucket
    steps = np.abs(distance) if both else np.maximum(-distance, 0)
    exact = side // 2
    ratio = np.log(np.maximum(steps, exact) / exact) / log(max(farthest / exact, 1.0 + 1e-9))
    far = exact + (ratio.astype(np.float32) * (side - exact)).astype(int)
    place = np.where(steps < exact, steps, np.minimum(far, side - 1))
    return place + side * (distance > 0) if both else place


PARTS: tuple[type[Part], ...] = (RelativeBuckets,)
