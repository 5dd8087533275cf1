"""Patterns that heads are known for, and how well each head fits them."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import seen
from attnviz.measure.distance import offsets
from attnviz.measure.entropy import entropy, most_entropy
from attnviz.measure.row_mass import is_shared_out, mean_over, n_visible
from attnviz.record import Record

Cells = Callable[[AttentionMap], BoolArray]


class Pattern(Record):
    """A way of looking: which cells of the map would hold all weight.

    `cells` gives what broadcasts to [query, key]; it is None for a pattern of width, not place.
    """

    name: str
    summary: str
    cells: Cells | None = None
    paper: str = ""


class HeadPattern(NamedTuple):
    """The pattern that fits a head best. Original numbers of layer and head."""

    layer: int
    head: int
    name: str | None
    score: float


def at_offset(offset: int) -> Cells:
    """Cells so many tokens ahead of the query.    -> [query, key]"""

    def cells(amap: AttentionMap) -> BoolArray:
        placed = offsets(amap)
        return nowhere(amap) if placed is None else placed == offset

    return cells


def first(amap: AttentionMap) -> BoolArray:
    """The first key, for every query but itself.    -> broadcasts to [query, key]"""
    placed = offsets(amap)
    cells = np.arange(len(amap.keys)) == 0
    return cells if placed is None else cells & (placed != 0)


def special(amap: AttentionMap) -> BoolArray:
    """Special tokens, for the others.    -> [query, key]"""
    queries = np.array([token.special for token in amap.queries], dtype=bool)
    return np.array([token.special for token in amap.keys], dtype=bool) & ~queries[:, None]


def earlier(amap: AttentionMap) -> BoolArray:
    """The same piece, earlier in the text.    -> [query, key]"""
    placed = offsets(amap)
    if placed is None:
        return nowhere(amap)
    number = {token.piece: i for i, token in enumerate(amap.keys)}
    key = np.array([-1 if token.special else number[token.piece] for token in amap.keys])
    query = key[len(key) - len(amap.queries) :]
    return (query[:, None] == key) & (query[:, None] >= 0) & (placed < 0)


def after_earlier(amap: AttentionMap) -> BoolArray:
    """What came after the same piece, earlier in the text.    -> [query, key]"""
    cells = earlier(amap)
    placed = offsets(amap)
    if placed is None:
        return cells
    shifted = np.zeros_like(cells)
    shifted[:, 1:] = cells[:, :-1]
    return shifted & (placed < 0)


def nowhere(amap: AttentionMap) -> BoolArray:
    """No cell at all.    -> [query, key]"""
    return np.zeros((len(amap.queries), len(amap.keys)), dtype=bool)


PATTERNS = (
    Pattern("previous token", "looks at the token before", at_offset(-1), "1906.04341"),
    Pattern("next token", "looks at the token after", at_offset(1), "1906.04341"),
    Pattern("self", "looks at itself", at_offset(0)),
    Pattern("first token", "rests on the first token, a sink", first, "2309.17453"),
    Pattern("special tokens", "rests on [CLS], [SEP] and their like", special, "1906.04341"),
    Pattern("duplicate token", "looks at the same token, earlier", earlier, "2211.00593"),
    Pattern("induction", "looks at what came after it last time", after_earlier, "2209.11895"),
    Pattern("broad", "looks everywhere alike"),
)


def pattern_scores(amap: AttentionMap) -> dict[str, FloatArray]:
    """How well each head fits each pattern that the text has a place for, from 0 to 1.

    Formula: the mean, over rows with a choice and a visible cell of the pattern, of the weight
    on its cells; for "broad", of 2^H / 2^H_max. Rows are taken as they are: one that spends
    half can score half.
    Shapes: -> name: [layer, head]
    """
    scores = {}
    for pattern in PATTERNS:
        score = width(amap) if pattern.cells is None else fit(amap, pattern.cells(amap))
        if score is not None:
            scores[pattern.name] = score
    return scores


def fit(amap: AttentionMap, cells: BoolArray) -> FloatArray | None:
    """The mean weight on some cells, None if no row could fit.  [query, key] -> [layer, head]"""
    rows = (seen(amap) & cells).any(-1) & (n_visible(amap) > 1)
    weight = np.where(cells, amap.weights, 0.0).sum(-1)
    return mean_over(weight, rows) if rows.any() else None


def width(amap: AttentionMap) -> FloatArray | None:
    """The mean part of the reach it could have, None if no row has a choice.  -> [layer, head]"""
    rows = n_visible(amap) > 1
    if not rows.any() or not is_shared_out(amap):
        return None
    part = np.where(amap.spent > 0, 2.0 ** (entropy(amap) - most_entropy(amap)), 0.0)
    return mean_over(part, rows)


def name_heads(amap: AttentionMap, at_least: float = 0.5) -> list[HeadPattern]:
    """The best pattern of each head; no name where none scores `at_least`."""
    scores = pattern_scores(amap)
    found = []
    for at in np.ndindex(amap.n_layer, amap.n_head):
        best = max(scores, key=lambda name: scores[name][at], default=None)
        score = 0.0 if best is None else float(scores[best][at])
        name = best if score >= at_least else None
        found.append(HeadPattern(amap.layers[at[0]], amap.heads[at[1]], name, score))
    return found
