"""The strongest links of a head: its largest weights, with query and key."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import visible_pairs
from attnviz.measures.once_per_map import once_per_map
from attnviz.measures.padding_keys import is_padding


class StrongLink(NamedTuple):
    """A weight, with the positions of its query and key."""

    query: int
    key: int
    weight: float


def strongest_links(
    amap: AttentionMap, layer_index: int, head_index: int, n: int = 5, *, content: bool = False
) -> list[StrongLink]:
    """The `n` largest weights of a head, by absolute value; of equal ones, the first.

    Masked weights and zeros are no links; with `content`, only content pairs are.
    Shapes: [query, key] of one head -> n links, or fewer
    """
    at = layer_index, head_index
    allowed = content_pairs(amap, *at) if content else visible_pairs(amap)[at]
    return largest_links(amap.weights[at], allowed, n)


def strongest_link(
    amap: AttentionMap, layer_index: int, head_index: int, query: int | None = None
) -> StrongLink | None:
    """The strongest link of a head, or of one of its rows; None if all its weights are zero.

    A content pair where one has any weight; of a row, a key that is neither special nor padding.
    Shapes: [query, key] of one head -> a link
    """
    at = layer_index, head_index
    visible = visible_pairs(amap)[at]
    if query is None:
        content = content_pairs(amap, *at)
    else:
        visible = visible & (np.arange(len(amap.queries)) == query)[:, None]
        content = visible & content_keys(amap)
    weights = amap.weights[at]
    links = largest_links(weights, content, 1) or largest_links(weights, visible, 1)
    return links[0] if links else None


def largest_links(weights: FloatArray, allowed: BoolArray, n: int) -> list[StrongLink]:
    """The `n` largest nonzero weights among the allowed pairs.

    Shapes: [query, key], [query, key] -> n links, or fewer
    """
    is_link = allowed & (weights != 0)
    size = np.where(is_link, np.abs(weights), 0.0)
    n = min(n, int(is_link.sum()))
    if n < 1:
        return []
    if n == 1:
        q, k = np.unravel_index(size.argmax(), size.shape)
        return [StrongLink(int(q), int(k), float(weights[q, k]))]
    # The n largest are at least as large as the n-th of the largest of each row.
    of_rows = np.sort(size.max(-1))[-n:]
    threshold = of_rows[0] if len(of_rows) == n else 0.0
    size = size.ravel()
    candidates = np.flatnonzero((size >= threshold) & (size > 0))
    order = candidates[np.argsort(-size[candidates], kind="stable")][:n]
    cells = zip(*np.unravel_index(order, weights.shape), strict=True)
    return [StrongLink(int(q), int(k), float(weights[q, k])) for q, k in cells]


def content_pairs(amap: AttentionMap, layer_index: int, head_index: int) -> BoolArray:
    """The visible pairs whose weight can say something about the head.

    Excluded are special tokens and padding, as queries and as keys, and rows with a single
    visible key (the first of a causal map): their weight is 1 in every head. A head without a
    mask and without any weight above the diagonal is taken as causal, as in files of other
    programs.
    Shapes: -> [query, key] of one head
    """
    at = layer_index, head_index
    visible = visible_pairs(amap)[at]
    weights = amap.weights[at]
    single = visible.sum(-1) == 1
    if visible.all() and weights.shape[0] == weights.shape[1] and not np.triu(weights, 1).any():
        single[:1] = True
    is_content = ~np.array([token.special for token in amap.queries], dtype=bool) & ~single
    keys = content_keys(amap)
    if amap.queries == amap.keys:
        is_content &= keys
    return np.asarray(visible & is_content[:, None] & keys)


@once_per_map
def content_keys(amap: AttentionMap) -> BoolArray:
    """Which keys are neither special tokens nor padding.    -> [key]"""
    special = np.array([token.special for token in amap.keys], dtype=bool)
    return ~special & ~np.array(is_padding(amap), dtype=bool)
