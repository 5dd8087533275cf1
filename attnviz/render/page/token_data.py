"""Tokens for the page: borders between segments, names of segments, ranges of pooled cells."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.core.words import word_numbers
from attnviz.render.safe_text import escape_text, escape_token
from attnviz.render.segment_borders import find_borders
from attnviz.render.segment_roles import role_of, segment_letter

# What `api/pooling.py` states about a pooled map.
POOLED = re.compile(r"a cell of (\d+) queries × (\d+) keys .*; (\d+) × (\d+) tokens in all")


def token_data(amap: AttentionMap) -> dict[str, Any]:
    """Labels, words, borders and segments of the queries and of the keys."""
    segments = sorted({token.segment for token in (*amap.queries, *amap.keys)})
    return {
        "shown": by_side(amap, token_labels),
        "words": by_side(amap, lambda tokens: list(word_numbers(tuple(tokens)))),
        "borders": by_side(amap, lambda tokens: list(find_borders(tokens))),
        "border_kind": border_kind(amap),
        "segments": {str(segment): segment_name(amap, segment) for segment in segments},
        "ranges": cell_ranges(amap),
    }


def by_side(amap: AttentionMap, function: Any) -> dict[str, Any]:
    """A function of the queries and of the keys."""
    return {"queries": function(amap.queries), "keys": function(amap.keys)}


def token_labels(tokens: Sequence[Token]) -> list[str]:
    """The printable labels of tokens."""
    return [escape_token(token.label) for token in tokens]


def border_kind(amap: AttentionMap) -> str:
    """What a border separates: "turns", "generated" (from the prompt), "segments", or ""."""
    if not any(map(find_borders, (amap.queries, amap.keys))):
        return ""
    if amap.meta.get("roles"):
        return "turns"
    return "generated" if amap.meta.get("generated") else "segments"


def segment_name(amap: AttentionMap, segment: int) -> str:
    """The letter of a segment, and its role in a chat."""
    role = escape_text(role_of(amap, segment))
    letter = segment_letter(segment)
    if not role and border_kind(amap) == "generated":
        role = "generated text" if segment else "prompt"
    return f"{letter}: {role}" if role else f"segment {letter}"


def cell_ranges(amap: AttentionMap) -> dict[str, list[tuple[int, int]]] | None:
    """The first and last token of each cell of a pooled map; None for other maps."""
    match = POOLED.fullmatch(str(amap.meta.get("pooled", "")))
    if match is None:
        return None
    query_length, key_length, n_query, n_key = map(int, match.groups())
    queries = bin_ranges(n_query, query_length, len(amap.queries))
    keys = bin_ranges(n_key, key_length, len(amap.keys))
    return {"queries": queries, "keys": keys} if queries and keys else None


def bin_ranges(n_token: int, length: int, n_bin: int) -> list[tuple[int, int]]:
    """The first and last position of bins of `length` tokens; none if these are not n_bin.

    >>> bin_ranges(5, 2, 3)
    [(0, 1), (2, 3), (4, 4)]
    """
    if length < 1 or -(-n_token // length) != n_bin:
        return []  # some were selected, or a file states something else
    starts = range(0, n_token, length)
    return [(start, min(start + length, n_token) - 1) for start in starts]
