"""Relative positions of keys: mean distance, and the mask that weights without one imply."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import key_positions
from attnviz.errors import MisuseError


def offsets(amap: AttentionMap) -> IntArray | None:
    """Key position − query position: < 0 for earlier keys; None for two texts.

    If there are fewer queries than keys, they are the last positions, as in decoding. None too
    where keys between others were left out.
    Shapes: -> [query, key]
    """
    positions = key_positions(amap)
    if positions and positions[-1] - positions[0] != len(positions) - 1:
        return None
    n_earlier = len(amap.keys) - len(amap.queries)
    if n_earlier < 0 or amap.queries != amap.keys[n_earlier:]:
        return None
    return np.arange(len(amap.keys)) - (n_earlier + np.arange(len(amap.queries)))[:, None]


def mean_distance(amap: AttentionMap) -> FloatArray:
    """The mean distance |i−j| between query and key, weighted by attention, in tokens.

    Formula: Σ |A| |i−j| / Σ |A| over all rows together, so that rows count in proportion to
    their sums; 0 for a head without weight.
    Shapes: -> [layer, head]
    Raises MisuseError for a map between two texts.
    """
    distance = offsets(amap)
    if distance is None:
        raise MisuseError("distance needs queries and keys of one text; this map has two")
    mass = np.abs(amap.weights.astype(np.float64))
    total, n = (mass * np.abs(distance)).sum((-2, -1)), mass.sum((-2, -1))
    return np.divide(total, n, out=np.zeros_like(total), where=n > 0)


def with_causal_mask(amap: AttentionMap) -> AttentionMap:
    """The map with a causal mask if it has no mask and no weight on any later key."""
    offset = offsets(amap)
    if amap.visible is not None or offset is None or not (offset > 0).any():
        return amap
    later = offset > 0
    return amap if amap.weights[..., later].any() else replace(amap, visible=~later)
