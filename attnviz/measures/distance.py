"""Relative positions of keys: mean distance, and the mask that weights without one imply."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import key_positions
from attnviz.errors import MisuseError
from attnviz.measures.once_per_map import once_per_text


@once_per_text
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
    keys, queries = (
        np.arange(len(tokens), dtype=np.int32) for tokens in (amap.keys, amap.queries)
    )
    return keys - (n_earlier + queries)[:, None]


def mean_distance(amap: AttentionMap) -> FloatArray:
    """The mean distance |i−j| between query and key, weighted by attention, in tokens.

    Formula: Σ |A| |i−j| / Σ |A| over all rows together, so that rows count in proportion to
    their sums; 0 for a head without weight.
    Shapes: -> [layer, head]
    Raises MisuseError for a map between two texts.
    """
    distance = distances(amap)
    if distance is None:
        raise MisuseError("distance needs queries and keys of one text; this map has two")
    mass = np.abs(amap.weights.astype(np.float64))
    total = np.einsum("lhqk,qk->lh", mass, distance)
    n = mass.sum((-2, -1))
    return np.divide(total, n, out=np.zeros_like(total), where=n > 0)


@once_per_text
def distances(amap: AttentionMap) -> FloatArray | None:
    """The distance |i−j| of each query and key; None for two texts.    -> [query, key]"""
    offset = offsets(amap)
    return None if offset is None else np.abs(offset).astype(np.float64)


def with_causal_mask(amap: AttentionMap) -> AttentionMap:
    """The map with a causal mask if it has no mask and no weight on any later key."""
    offset = offsets(amap)
    if amap.visible is not None or offset is None or not (offset > 0).any():
        return amap
    later = offset > 0
    heads = (head for layer in amap.weights for head in layer)
    if any(bool((later & (head != 0)).any()) for head in heads):
        return amap
    return replace(amap, visible=~later)
