"""Profile of a head: how its weight is distributed over the relative positions of keys."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.measures.distance import offsets
from attnviz.measures.sink import sink_keys

# Offsets of keys, from the first to the last of each bin of a profile.
PROFILE_BINS = (
    ("≤−4", -np.inf, -4),
    ("−3…−2", -3, -2),
    ("−1", -1, -1),
    ("0", 0, 0),
    ("+1", 1, 1),
    ("+2…+3", 2, 3),
    ("≥+4", 4, np.inf),
)


def offset_profile(amap: AttentionMap) -> FloatArray | None:
    """The share of a head's weight off the sinks by relative position, in PROFILE_BINS.

    Formula: Σ |A| over the pairs of a bin / Σ |A|, without the first token and special tokens
    as keys. NaN for a head without such weight; None for maps between two texts.
    Shapes: -> [layer, head, bin]
    """
    offset = offsets(amap)
    if offset is None:
        return None
    mass = np.abs(amap.weights.astype(np.float64)) * ~sink_keys(amap)
    bins = [
        mass[..., (offset >= first) & (offset <= last)].sum(-1) for _, first, last in PROFILE_BINS
    ]
    parts = np.stack(bins, -1)
    total = parts.sum(-1, keepdims=True)
    return np.divide(parts, total, out=np.full(parts.shape, np.nan), where=total > 0)
