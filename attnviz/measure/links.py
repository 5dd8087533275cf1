"""Who looks most at whom."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import seen


class Link(NamedTuple):
    """One weight and where it stands, in positions."""

    query: int
    key: int
    weight: float


def strongest_links(
    amap: AttentionMap, layer_index: int, head_index: int, n: int = 5, *, special: bool = True
) -> list[Link]:
    """The `n` largest weights of a head, by size where they are signed; of equals, the first.

    Weights of 0 are no links. Without `special`, special tokens neither look nor are seen.
    Shapes: [query, key] of one head -> n links, or fewer
    """
    weights = amap.weights[layer_index, head_index]
    counted = seen(amap)[layer_index, head_index] & (weights != 0)
    if not special:
        counted &= ~np.array([token.special for token in amap.queries], dtype=bool)[:, None]
        counted &= ~np.array([token.special for token in amap.keys], dtype=bool)
    size = np.where(counted, np.abs(weights), 0.0).ravel()
    n = min(n, int(counted.sum()))
    if n < 1:
        return []
    least = np.partition(size, -n)[-n]  # sorting all of a large head to find a few is slow
    among = np.flatnonzero(size >= least)
    order = among[np.argsort(-size[among], kind="stable")][:n]
    places = zip(*np.unravel_index(order, weights.shape), strict=True)
    return [Link(int(q), int(k), float(weights[q, k])) for q, k in places]
