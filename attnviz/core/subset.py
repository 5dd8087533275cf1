"""Subsets of a map's tokens: some queries and keys, or one segment of a sentence pair."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import without_divergence
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.predictions import select_predictions
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError


def select_segments(amap: AttentionMap, letters: str) -> AttentionMap:
    """The queries of one segment and the keys of one segment, as in "A,B"; A is the first.

    Special tokens stay with their segment. Weights are not renormalized over the remaining
    keys, so that rows which summed to 1 then sum to at most 1.
    Raises MisuseError for anything but two letters, or a segment without tokens.
    """
    match = re.fullmatch(r"\s*([A-Za-z])\s*,\s*([A-Za-z])\s*", letters)
    if not match:
        raise MisuseError(
            f"--segments {letters!r} should be QUERY,KEY, as in A,B: the segment of the queries "
            "and the segment of the keys"
        )
    query_letter, key_letter = match[1].upper(), match[2].upper()
    subset = select_positions(
        amap,
        segment_positions(query_letter, amap.queries, "queries"),
        segment_positions(key_letter, amap.keys, "keys"),
    )
    description = f"{query_letter} attends to {key_letter}"
    meta: MapMetadata = {"variant": f"{amap.title}, {description}", "segments": description}
    return replace(subset, meta={**subset.meta, **meta})


def segment_positions(letter: str, tokens: tuple[Token, ...], side: str) -> list[int]:
    """The positions of a segment's tokens; MisuseError where it has none."""
    segment = ord(letter) - ord("A")
    positions = [i for i, token in enumerate(tokens) if token.segment == segment]
    if not positions:
        present = ", ".join(sorted({chr(ord("A") + token.segment) for token in tokens}))
        raise MisuseError(f"--segments: segment {letter} has no {side}; there is {present}")
    return positions


def visible_pairs(amap: AttentionMap) -> BoolArray:
    """Which queries attend to which keys.    -> [layer, head, query, key]"""
    visible = np.ones((1, 1, 1, 1), dtype=bool) if amap.visible is None else amap.visible
    return np.broadcast_to(visible, amap.weights.shape)


def select_positions(amap: AttentionMap, queries: list[int], keys: list[int]) -> AttentionMap:
    """`select_tokens` for a request by position: which keys are left is stated.

    Patterns and distances depend on it: the first key left is not the first token.
    Shapes: [layer, head, query, key] -> fewer queries and keys
    """
    subset = select_tokens(amap, queries, keys)
    if len(keys) == len(amap.keys):
        return subset
    positions = key_positions(amap)
    return replace(subset, meta={**subset.meta, "key_positions": [positions[k] for k in keys]})


def key_positions(amap: AttentionMap) -> list[int]:
    """The positions of the keys in their text; 0, 1, 2… where none were left out."""
    stated: Any = amap.meta.get("key_positions")  # a file may hold anything
    is_valid = isinstance(stated, list) and len(stated) == len(amap.keys)
    if is_valid and all(type(position) is int for position in stated):
        return stated
    return list(range(len(amap.keys)))


def select_tokens(amap: AttentionMap, queries: list[int], keys: list[int]) -> AttentionMap:
    """The map of some queries and keys; divergences of a comparison are those of all tokens.

    Shapes: [layer, head, query, key] -> fewer queries and keys
    """
    dropped = [len(amap.queries) - len(queries), len(amap.keys) - len(keys)]
    if any(dropped):
        amap = without_divergence(amap)
    stated: Any = amap.meta.get("padding")
    meta: MapMetadata = {**amap.meta}
    if isinstance(stated, list | tuple):
        meta["padding"] = [i for i, k in enumerate(keys) if k in stated]
    meta["row_sum"] = "at most 1" if dropped[1] and amap.row_sum == "1" else amap.row_sum
    if "key_positions" in meta:
        positions = key_positions(amap)
        meta["key_positions"] = [positions[k] for k in keys]
    if "predictions" in meta:
        meta["predictions"] = select_predictions(meta["predictions"], queries)
    meta["dropped"] = dropped
    return replace(
        amap,
        queries=tuple(amap.queries[q] for q in queries),
        keys=tuple(amap.keys[k] for k in keys),
        weights=amap.weights[:, :, queries][..., keys],
        visible=None if amap.visible is None else visible_pairs(amap)[:, :, queries][..., keys],
        query_vectors=None if amap.query_vectors is None else amap.query_vectors[:, :, queries],
        key_vectors=None if amap.key_vectors is None else amap.key_vectors[:, :, keys],
        meta=meta,
    )
