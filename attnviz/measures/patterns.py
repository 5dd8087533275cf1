"""Attention patterns of heads (previous token, induction, …) and how well each head fits."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import key_positions
from attnviz.measures.distance import offsets, with_causal_mask
from attnviz.measures.entropy import entropy, max_entropy
from attnviz.measures.once_per_map import once_per_text
from attnviz.measures.row_mass import count_visible, has_distribution_rows, mean_over_rows
from attnviz.record import Record

Cells = Callable[[AttentionMap], BoolArray]


class Pattern(Record):
    """An attention pattern: the cells that hold all weight of a head that fits it.

    `cells` returns a mask that broadcasts to [query, key]; it is None for the diffuse pattern,
    which is not bound to cells.
    """

    name: str
    summary: str
    cells: Cells | None = None
    paper: str = ""


class HeadPattern(NamedTuple):
    """The best pattern of a head, None if none fits. Layer and head are original indices."""

    layer: int
    head: int
    name: str | None
    score: float


def at_offset(offset: int) -> Cells:
    """The cells whose key is `offset` positions after the query.    -> [query, key]"""

    @once_per_text
    def cells(amap: AttentionMap) -> BoolArray:
        offset_of = offsets(amap)
        return no_cells(amap) if offset_of is None else offset_of == offset

    return cells


@once_per_text
def first_key(amap: AttentionMap) -> BoolArray:
    """The first token as a key, except for its own query.    -> broadcasts to [query, key]"""
    offset = offsets(amap)
    cells = np.array(key_positions(amap)) == 0
    return cells if offset is None else cells & (offset != 0)


@once_per_text
def special_keys(amap: AttentionMap) -> BoolArray:
    """Special tokens as keys of other queries.    -> [query, key]"""
    queries = np.array([token.special for token in amap.queries], dtype=bool)
    return np.array([token.special for token in amap.keys], dtype=bool) & ~queries[:, None]


@once_per_text
def duplicate_keys(amap: AttentionMap) -> BoolArray:
    """Earlier occurrences of the query's own token.    -> [query, key]"""
    offset = offsets(amap)
    if offset is None:
        return no_cells(amap)
    number = {token.piece: i for i, token in enumerate(amap.keys)}
    key = np.array([-1 if token.special else number[token.piece] for token in amap.keys])
    query = key[len(key) - len(amap.queries) :]
    return (query[:, None] == key) & (query[:, None] >= 0) & (offset < 0)


@once_per_text
def induction_keys(amap: AttentionMap) -> BoolArray:
    """The tokens after earlier occurrences of the query's own token.    -> [query, key]"""
    cells = duplicate_keys(amap)
    offset = offsets(amap)
    if offset is None or key_positions(amap)[:1] != [
        0
    ]:  # the token before the first key is unknown
        return no_cells(amap)
    shifted = np.zeros_like(cells)
    shifted[:, 1:] = cells[:, :-1]
    return shifted & (offset < 0)


@once_per_text
def no_cells(amap: AttentionMap) -> BoolArray:
    """An empty mask, for maps of two texts.    -> [query, key]"""
    return np.zeros((len(amap.queries), len(amap.keys)), dtype=bool)


PATTERNS = (
    Pattern("previous token", "attends to the previous token", at_offset(-1), "1906.04341"),
    Pattern("next token", "attends to the next token", at_offset(1), "1906.04341"),
    Pattern("self", "attends to its own token", at_offset(0)),
    Pattern("first token", "attends to the first token (attention sink)", first_key, "2309.17453"),
    Pattern(
        "special tokens",
        "attends to special tokens such as [CLS] and [SEP]",
        special_keys,
        "1906.04341",
    ),
    Pattern(
        "duplicate token",
        "attends to earlier occurrences of the token",
        duplicate_keys,
        "2211.00593",
    ),
    Pattern(
        "induction",
        "attends to the token after an earlier occurrence",
        induction_keys,
        "2209.11895",
    ),
    Pattern("diffuse", "attends to all keys about equally"),
)


def pattern_scores(amap: AttentionMap) -> dict[str, FloatArray]:
    """How well each head fits each pattern that the text allows, from 0 to 1.

    Formula: the weight on the cells of the pattern, for "diffuse" 2^H / 2^H_max, averaged over
    the rows with two or more visible keys, a cell of the pattern among them. Rows are not
    renormalized: a row that sums to 0.5 scores at most 0.5.
    Shapes: -> name: [layer, head]
    """
    amap = with_causal_mask(amap)
    scores = {}
    for pattern in PATTERNS:
        score = (
            diffuseness(amap)
            if pattern.cells is None
            else mean_weight_on(amap, pattern.cells(amap))
        )
        if score is not None:
            scores[pattern.name] = score
    return scores


def mean_weight_on(amap: AttentionMap, cells: BoolArray) -> FloatArray | None:
    """The mean weight on cells, None if no row can have any.    [query, key] -> [layer, head]"""
    cells = np.broadcast_to(cells, amap.weights.shape[-2:])
    has_cell = cells.any(-1) if amap.visible is None else (amap.visible & cells).any(-1)
    rows = has_cell & (count_visible(amap) > 1)
    if not rows.any():
        return None
    weight = np.einsum("lhqk,qk->lhq", amap.weights, cells.astype(amap.weights.dtype))
    return mean_over_rows(weight, rows)


def diffuseness(amap: AttentionMap) -> FloatArray | None:
    """The mean of 2^H / 2^H_max; None if no row has two visible keys.    -> [layer, head]"""
    rows = count_visible(amap) > 1
    if not rows.any() or not has_distribution_rows(amap):
        return None
    ratio = np.where(amap.row_sums > 0, 2.0 ** (entropy(amap) - max_entropy(amap)), 0.0)
    return mean_over_rows(ratio, rows)


def best_patterns(amap: AttentionMap, at_least: float = 0.5) -> list[HeadPattern]:
    """The best pattern of each head; its name is None if it scores less than `at_least`."""
    scores = pattern_scores(amap)
    result = []
    for at in np.ndindex(amap.n_layer, amap.n_head):
        best = max(scores, key=lambda name: scores[name][at], default=None)
        score = 0.0 if best is None else float(scores[best][at])
        name = best if score >= at_least else None
        result.append(HeadPattern(amap.layers[at[0]], amap.heads[at[1]], name, score))
    return result
