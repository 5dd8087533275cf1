"""Summary of one head: its strongest link and its mean entropy."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.measures.entropy import entropy, max_entropy
from attnviz.measures.links import strongest_link
from attnviz.measures.row_mass import has_distribution_rows, mean_over_rows


class HeadSummary(NamedTuple):
    """The strongest link of a head, and its mean entropy.

    `query` and `key` are positions, None for a head without any weight. `entropy` is the mean
    over its rows in bits and `max_entropy` the mean of the highest they could have; both are
    None if rows are not distributions, as with gates and signed weights.
    """

    query: int | None
    key: int | None
    weight: float
    entropy: float | None
    max_entropy: float | None


def summarize_head(amap: AttentionMap, layer_index: int, head_index: int) -> HeadSummary:
    """Summarize one head, given by its indices in the map.

    Shapes: [query, key] of one head -> a HeadSummary
    """
    at = layer_index, head_index
    link = strongest_link(amap, *at)
    query, key, weight = (None, None, 0.0) if link is None else link
    if not has_distribution_rows(amap):  # this head may have them
        amap = amap.select(layers=[amap.layers[layer_index]], heads=[amap.heads[head_index]])
        at = 0, 0
    if not has_distribution_rows(amap):
        return HeadSummary(query, key, weight, None, None)
    rows = np.asarray(amap.row_sums[at] > 0)
    mean, highest = (mean_over_rows(bits(amap)[at], rows) for bits in (entropy, max_entropy))
    return HeadSummary(query, key, weight, float(mean), float(highest))
