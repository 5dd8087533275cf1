"""Attention sinks: keys that take most of the weight whatever the query is, and the rest.

Language models put most weight of most heads on the first token (2309.17453), encoders on
special tokens (1906.04341). Other patterns are then visible in the remaining weight only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import key_positions, visible_pairs
from attnviz.measures.distance import offsets

Cells = Callable[[AttentionMap], BoolArray]


def sink_keys(amap: AttentionMap) -> BoolArray:
    """The first token of a text that attends to itself, and special tokens.    -> [key]"""
    keys = np.array([token.special for token in amap.keys], dtype=bool)
    if offsets(amap) is not None:
        keys |= np.array(key_positions(amap)) == 0
    return keys


def sink_cells(amap: AttentionMap) -> BoolArray:
    """Sinks as keys of other queries.    -> [query, key]"""
    offset = offsets(amap)
    others = True if offset is None else offset != 0
    return np.broadcast_to(sink_keys(amap) & others, (len(amap.queries), len(amap.keys)))


def without_sink(cells: Cells) -> Callable[[AttentionMap], FloatArray | None]:
    """The measure of the weight on cells as a share of the weight on keys that are no sinks.

    Formula: Σ A on the cells / Σ A on keys that are no sinks, over the rows that see two or more
    such keys, one of them on a cell: each row counts in proportion to its remaining weight. NaN
    for heads without such weight or with negative weights.
    Shapes: cells: -> broadcasts to [query, key]; the measure: -> [layer, head]
    """

    def measure(amap: AttentionMap) -> FloatArray | None:
        keys = ~sink_keys(amap)
        visible = visible_pairs(amap) & keys
        wanted = visible & cells(amap)
        rows = wanted.any(-1) & (visible.sum(-1) > 1)
        if not rows.any():
            return None
        weights = np.where(rows[..., None], amap.weights, 0.0).astype(np.float64)
        part = (weights * wanted).sum((-2, -1))
        rest = (weights * visible).sum((-2, -1))
        share = np.divide(part, rest, out=np.full(part.shape, np.nan), where=rest > 0)
        return np.where(amap.weights.min((-2, -1)) < 0, np.nan, share)

    return measure
