"""Of a pair of texts, how one looks at the other."""

from __future__ import annotations

import re
from dataclasses import replace

import numpy as np

from attnviz.core.arrays import BoolArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError


def between(amap: AttentionMap, asked: str) -> AttentionMap:
    """The queries of one text and the keys of one text, as in "A,B"; A is the first text.

    Special tokens stay with the text they belong to. Weights on other keys are not given to
    those that stay: rows then spend at most 1.
    Raises MisuseError for what is no pair of letters, or a text that is not there.
    """
    match = re.fullmatch(r"\s*([A-Za-z])\s*,\s*([A-Za-z])\s*", asked)
    if not match:
        raise MisuseError(
            f"--segments {asked!r} should be QUERY,KEY, as in A,B: the text that looks, "
            "and the text that is looked at"
        )
    who, whom = match[1].upper(), match[2].upper()
    made = only(amap, of_text(who, amap.queries, "queries"), of_text(whom, amap.keys, "keys"))
    said = f"{who} looks at {whom}"
    meta = {"variant": f"{amap.title}, {said}", "segments": said}
    return replace(made, meta={**made.meta, **meta})


def of_text(letter: str, tokens: tuple[Token, ...], side: str) -> list[int]:
    """The positions of the tokens of a text."""
    found = [at for at, token in enumerate(tokens) if token.segment == ord(letter) - ord("A")]
    if not found:
        there = ", ".join(sorted({chr(ord("A") + token.segment) for token in tokens}))
        raise MisuseError(f"--segments: no {side} belong to text {letter}; there is {there}")
    return found


def seen(amap: AttentionMap) -> BoolArray:
    """What may be looked at.    -> [layer, head, query, key]"""
    visible = np.ones((1, 1, 1, 1), dtype=bool) if amap.visible is None else amap.visible
    return np.broadcast_to(visible, amap.weights.shape)


def only(amap: AttentionMap, queries: list[int], keys: list[int]) -> AttentionMap:
    """The map of some tokens.    [layer, head, query, key] -> fewer queries and keys"""
    dropped = [len(amap.queries) - len(queries), len(amap.keys) - len(keys)]
    loose = "at most 1" if dropped[1] and amap.row_sum == "1" else amap.row_sum
    return replace(
        amap,
        queries=tuple(amap.queries[q] for q in queries),
        keys=tuple(amap.keys[k] for k in keys),
        weights=amap.weights[:, :, queries][..., keys],
        visible=None if amap.visible is None else seen(amap)[:, :, queries][..., keys],
        query_vectors=None if amap.query_vectors is None else amap.query_vectors[:, :, queries],
        key_vectors=None if amap.key_vectors is None else amap.key_vectors[:, :, keys],
        meta={**amap.meta, "row_sum": loose, "dropped": dropped},
    )
