"""Attention sinks: keys that take most of the weight whatever the query is, and the rest.

Language models put most weight of most heads on the first token (2309.17453), encoders on
special tokens (1906.04341). Other patterns are then visible in the remaining weight only.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import key_positions
from attnviz.measures.distance import offsets
from attnviz.measures.once_per_map import once_per_map, once_per_text

Cells = Callable[[AttentionMap], BoolArray]


@once_per_text
def sink_keys(amap: AttentionMap) -> BoolArray:
    """The first token of a text that attends to itself, and special tokens.    -> [key]"""
    keys = np.array([token.special for token in amap.keys], dtype=bool)
    if offsets(amap) is not None:
        keys |= np.array(key_positions(amap)) == 0
    return keys


@once_per_text
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
        visible = visible_off_sinks(amap)
        wanted = visible & cells(amap)
        rows = wanted.any(-1) & (visible.sum(-1) > 1)
        if not rows.any():
            return None
        part = np.where(rows, sum_over_keys(amap, wanted), 0.0).sum(-1)
        rest = np.where(rows, weight_off_sinks(amap), 0.0).sum(-1)
        share = np.divide(part, rest, out=np.full(part.shape, np.nan), where=rest > 0)
        return np.where(amap.weights.min((-2, -1)) < 0, np.nan, share)

    return measure


@once_per_map
def visible_off_sinks(amap: AttentionMap) -> BoolArray:
    """The visible pairs whose key is no sink.    -> [layer or 1, head or 1, query, key]"""
    off = np.broadcast_to(~sink_keys(amap), amap.weights.shape[-2:])
    return off[None, None] if amap.visible is None else amap.visible & off


@once_per_map
def weight_off_sinks(amap: AttentionMap) -> FloatArray:
    """The weight of each row on visible keys that are no sinks.    -> [layer, head, query]"""
    return sum_over_keys(amap, visible_off_sinks(amap))


def sum_over_keys(amap: AttentionMap, pairs: BoolArray) -> FloatArray:
    """The weight of each row on some pairs.

    Shapes: [layer or 1, head or 1, query, key] -> [layer, head, query]
    """
    chosen = np.broadcast_to(pairs.astype(amap.weights.dtype), amap.weights.shape)
    return np.einsum("lhqk,lhqk->lhq", amap.weights, chosen).astype(np.float64)
