"""Mass between the two segments of a sentence pair: from A to B, and from B to A."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Tokens
from attnviz.measures.row_mass import mean_over_rows


def segment_mass(query_segment: int, key_segment: int) -> Callable[..., FloatArray | None]:
    """The measure of the mass from one segment to another, without special tokens.

    Formula: the mean over the queries of one segment of Σ A over the keys of the other. None
    for maps that lack one of the two.
    Shapes: -> [layer, head]
    """

    def measure(amap: AttentionMap) -> FloatArray | None:
        rows, keys = in_segment(amap.queries, query_segment), in_segment(amap.keys, key_segment)
        has_pair = all(
            in_segment(tokens, segment).any()
            for tokens in (amap.queries, amap.keys)
            for segment in (query_segment, key_segment)
        )
        if not has_pair:
            return None
        mass = amap.weights[..., keys].sum(-1, dtype=np.float64)
        return mean_over_rows(mass, np.broadcast_to(rows, mass.shape))

    return measure


def in_segment(tokens: Tokens, segment: int) -> BoolArray:
    """Which tokens belong to a segment and are not special.    -> [token]"""
    return np.array([t.segment == segment and not t.special for t in tokens], dtype=bool)
