"""Reduction of a map's tokens: pieces merged into words, special tokens left out."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import without_divergence
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.predictions import select_predictions
from attnviz.core.subset import key_positions, select_tokens, visible_pairs
from attnviz.core.tokens import Tokens
from attnviz.core.words import group_words, merge_tokens
from attnviz.errors import MisuseError

Groups = Sequence[Sequence[int]]
WORDS = "words (keys summed, queries averaged)"
FAINT = 0.01  # of the sum of a row


def merge_words(amap: AttentionMap) -> AttentionMap:
    """The map of words: weights summed over the keys and averaged over the queries of a word.

    Row sums stay as they are; that of a word with a piece all of whose keys are masked is less.
    A word is visible if any of its pieces is.
    Shapes: [layer, head, query, key] → [layer, head, query word, key word]
    Raises MisuseError for a pooled map.
    """
    if "pooled" in amap.meta:
        raise MisuseError("words need every token; this map is pooled: add --pool 0")
    amap = without_divergence(amap)
    queries, keys = group_words(amap.queries), group_words(amap.keys)
    weights = sum_groups(amap.weights.astype(np.float64), keys, -1)
    weights = sum_groups(weights, queries, -2) / np.array([len(g) for g in queries])[:, None]
    meta: MapMetadata = {**amap.meta, "reduced": join_notes(amap, WORDS), "words": True}
    if amap.row_sum == "1" and has_partly_masked_word(amap, queries):
        meta["row_sum"] = "at most 1"
    stated = amap.meta.get("padding")
    if isinstance(stated, list | tuple):
        meta["padding"] = [i for i, group in enumerate(keys) if set(group) <= set(stated)]
    if "key_positions" in meta:
        positions = key_positions(amap)
        meta["key_positions"] = [positions[group[0]] for group in keys]
    if "predictions" in meta:  # those after the last piece of each word
        last_pieces = [group[-1] for group in queries]
        meta["predictions"] = select_predictions(meta["predictions"], last_pieces)
    return replace(
        amap,
        queries=merge_groups(amap.queries, queries),
        keys=merge_groups(amap.keys, keys),
        weights=weights.astype(amap.weights.dtype),
        visible=None if amap.visible is None else any_of_groups(amap.visible, queries, keys),
        query_vectors=None,
        key_vectors=None,
        meta=meta,
    )


def has_partly_masked_word(amap: AttentionMap, queries: Groups) -> bool:
    """Whether a word has both pieces that attend to some key and pieces that attend to none.

    Shapes: weights [layer, head, query, key]
    """
    if amap.visible is None:
        return False
    rows = np.broadcast_to(amap.visible.any(-1), amap.weights.shape[:3])
    starts = [group[0] for group in queries]
    some = np.logical_or.reduceat(rows, starts, -1)
    return bool((some & ~np.logical_and.reduceat(rows, starts, -1)).any())


def merge_groups(tokens: Tokens, groups: Groups) -> Tokens:
    """One token per group."""
    return tuple(merge_tokens([tokens[i] for i in group]) for group in groups)


def sum_groups(array: FloatArray, groups: Groups, axis: int) -> FloatArray:
    """The sums of consecutive groups along an axis.    [..., token, ...] → [..., group, ...]"""
    return np.add.reduceat(array, [group[0] for group in groups], axis)


def any_of_groups(visible: BoolArray, queries: Groups, keys: Groups) -> BoolArray:
    """Whether any pair of two groups is visible.

    Shapes: broadcasts to [layer, head, query, key] → the same with groups
    """
    n_query, n_key = (sum(map(len, groups)) for groups in (queries, keys))
    pairs = np.broadcast_to(visible, (*visible.shape[:2], n_query, n_key))
    starts = ([group[0] for group in groups] for groups in (queries, keys))
    for axis, first in zip((-2, -1), starts, strict=True):
        pairs = np.logical_or.reduceat(pairs, first, axis)
    return pairs


def drop_special(amap: AttentionMap) -> AttentionMap:
    """The map without special tokens; each row keeps its sum.

    The weight on special tokens is distributed over the other keys in proportion to theirs, so
    that rows which summed to 1 do so again, and a remainder stays as it is. Rows without weight
    on other keys are 0. Signed weights and gates ("any" row sum) are not renormalized.
    Shapes: [layer, head, query, key] → fewer queries and keys
    Raises MisuseError for a pooled map, and where only special tokens are left.
    """
    if "pooled" in amap.meta:
        raise MisuseError("special tokens of a pooled map are in its cells; add --pool 0")
    queries, keys = (
        [i for i, token in enumerate(tokens) if not token.special]
        for tokens in (amap.queries, amap.keys)
    )
    if not queries or not keys:
        raise MisuseError("there are only special tokens; dropping them leaves nothing")
    subset = select_tokens(amap, queries, keys)
    if amap.row_sum == "any" or amap.signed:
        return replace(
            subset, meta={**subset.meta, "reduced": join_notes(amap, "no special tokens")}
        )
    sums = amap.row_sums[:, :, queries]
    note = f"no special tokens ({renormalization(subset.row_sums, sums)})"
    meta: MapMetadata = {**subset.meta, "reduced": join_notes(amap, note)}
    weights = keep_sums(subset.weights.astype(np.float64), sums)
    has_empty = bool((visible_pairs(subset).any(-1) & (weights.sum(-1) == 0)).any())
    meta["row_sum"] = "at most 1" if has_empty else amap.row_sum
    return replace(subset, weights=weights.astype(amap.weights.dtype), meta=meta)


def renormalization(kept: FloatArray, sums: FloatArray) -> str:
    """What is stated of rows that are scaled from what they kept to their sums.

    Rows that kept next to nothing look like others afterwards, so they are counted.
    Shapes: [layer, head, query], [layer, head, query]
    """
    n_faint = np.count_nonzero((kept > 0) & (kept < FAINT * sums))
    if not n_faint:
        return "renormalized"
    rows = f"{n_faint:,} of {kept.size:,} rows"
    return f"renormalized, {rows} from less than {100 * FAINT:g} % of their sum"


def keep_sums(weights: FloatArray, sums: FloatArray) -> FloatArray:
    """Rows scaled to these sums; rows of zeros stay so.

    Shapes: [layer, head, query, key], [layer, head, query] → [layer, head, query, key]
    """
    now = weights.sum(-1)
    factor = np.divide(sums, now, out=np.zeros_like(now), where=now > 0)
    return weights * factor[..., None]


def reduce_tokens(tokens: Tokens, *, words: bool, special: bool) -> Tokens:
    """The tokens that are left when pieces are merged (`words`) and special ones dropped.

    >>> from attnviz.core.tokens import Token
    >>> tokens = Token("play", "play"), Token("##ing", "ing"), Token("<s>", "<s>", special=True)
    >>> [token.label for token in reduce_tokens(tokens, words=True, special=True)]
    ['playing']
    """
    if words:
        tokens = merge_groups(tokens, group_words(tokens))
    return tuple(token for token in tokens if not (special and token.special))


def join_notes(amap: AttentionMap, note: str) -> str:
    """How the map was reduced so far, and then by this note."""
    earlier = amap.meta.get("reduced")
    return f"{earlier}, then {note}" if earlier else note
