"""The strongest links of a head: its largest weights, with query and key."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import visible_pairs


class StrongLink(NamedTuple):
    """A weight, with the positions of its query and key."""

    query: int
    key: int
    weight: float


def strongest_links(
    amap: AttentionMap, layer_index: int, head_index: int, n: int = 5, *, special: bool = True
) -> list[StrongLink]:
    """The `n` largest weights of a head, by absolute value; of equal ones, the first.

    Masked weights and zeros are no links. Without `special`, neither are those of special
    tokens.
    Shapes: [query, key] of one head -> n links, or fewer
    """
    weights = amap.weights[layer_index, head_index]
    is_link = visible_pairs(amap)[layer_index, head_index] & (weights != 0)
    if not special:
        is_link &= ~np.array([token.special for token in amap.queries], dtype=bool)[:, None]
        is_link &= ~np.array([token.special for token in amap.keys], dtype=bool)
    size = np.where(is_link, np.abs(weights), 0.0).ravel()
    n = min(n, int(is_link.sum()))
    if n < 1:
        return []
    threshold = np.partition(size, -n)[-n]  # faster than sorting all weights of a large head
    candidates = np.flatnonzero(size >= threshold)
    order = candidates[np.argsort(-size[candidates], kind="stable")][:n]
    cells = zip(*np.unravel_index(order, weights.shape), strict=True)
    return [StrongLink(int(q), int(k), float(weights[q, k])) for q, k in cells]
