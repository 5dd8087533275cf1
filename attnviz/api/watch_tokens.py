"""Tokens of recorded maps: those that are given, by kind of attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import pairwise
from typing import Any

from attnviz.api.watch_maps import Group, attention_kind
from attnviz.errors import InvalidInputError, UnknownNameError
from attnviz.lookup import unknown_name_message
from attnviz.sources.external.token_sides import split_sides

KINDS = ("encoder", "decoder", "self")
Sides = tuple[Sequence[Any], Sequence[Any]]


def choose_tokens(groups: Sequence[Group], tokens: Any) -> list[Sides | None]:
    """The query and key tokens of each map; None: none fit, positions are shown.

    Raises InvalidInputError for tokens that fit none of the maps.
    """
    if tokens is None:
        return [None] * len(groups)
    chosen = [tokens_of(group, tokens) for group in groups]
    if not any(chosen):
        n_query, n_key = map_size(groups[0])
        raise InvalidInputError(
            f"the tokens fit none of the maps: {count(tokens)}, and the first map has {n_query} "
            f"queries and {n_key} keys"
        )
    return chosen


def find_tokens(group: Group, recorder: Any, item: int | None) -> tuple[Sides, str] | None:
    """Tokens of the ids that the program embedded, and a sentence about that guess.

    The ids are those of the largest table that has as many of them as the map has queries or
    keys; a tokenizer of transformers in the same process decodes them. None without one.
    """
    from attnviz.sources.watch.token_ids import decode_ids, find_tokenizer

    first = group[0][0]
    kind = attention_kind(first)
    number = first.items[0] if item is None else item
    n_query, n_key = map_size(group)
    steps = [call.step for call in group[0]]
    sides = []
    for n, is_of_encoder in ((n_query, kind == "encoder"), (n_key, kind in ("encoder", "cross"))):
        calls = [c for c in recorder.embedded if c.root == first.site.root]
        if kind in ("encoder", "decoder", "cross"):
            calls = [c for c in calls if ("encoder" in c.path) == is_of_encoder] or calls
        is_other = kind == "cross" and is_of_encoder
        calls = [c for c in calls if (c.step <= steps[0] if is_other else c.step in steps)]
        n_entry, ids = choose_ids(calls, n, number, only_last=is_other)
        tokenizer = find_tokenizer(n_entry, ids) if ids else None
        if tokenizer is None:
            return None
        sides.append((decode_ids(tokenizer, ids), type(tokenizer).__name__))
    note = f"assuming that the tokens are the ids of the embedding, decoded by {sides[0][1]}"
    return (sides[0][0], sides[1][0]), note


def choose_ids(
    calls: Sequence[Any], n: int, number: int, *, only_last: bool
) -> tuple[int, list[int]]:
    """The ids of a batch item in the largest table with n of them, and its size; none: [].

    Positions and token types, which are embedded too, count up or are all 0: others come first.
    """
    others: list[tuple[int, list[int]]] = []
    for n_entry in sorted({call.n_entry for call in calls}, reverse=True):
        parts = [call for call in calls if call.n_entry == n_entry]
        parts = parts[-1:] if only_last else parts
        ids = [int(i) for c in parts for i in c.ids[min(number, len(c.ids) - 1)]]
        is_position = (n > 1 and {b - a for a, b in pairwise(ids)} <= {1}) or set(ids) == {0}
        if len(ids) == n and not is_position:
            return n_entry, ids
        if len(ids) == n:
            others.append((n_entry, ids))
    return others[0] if others else (0, [])


def map_size(group: Group) -> tuple[int, int]:
    """The numbers of queries and keys of a map, all steps joined."""
    calls = group[0]
    return sum(c.n_query for c in calls), max(c.n_key for c in calls)


def tokens_of(group: Group, tokens: Any) -> Sides | None:
    """The tokens that fit one map; None where none do."""
    n_query, n_key = map_size(group)
    if isinstance(tokens, Mapping):
        for name in tokens:
            if name not in KINDS:
                raise UnknownNameError(unknown_name_message(str(name), KINDS, "kind of tokens"))
        kind = attention_kind(group[0][0])
        sides = ("decoder", "encoder") if kind == "cross" else (kind, kind)
        queries, keys = (tokens.get(side) for side in sides)
    else:
        queries, keys = split_sides(tokens)
    if queries is None or keys is None:
        return None
    if len(queries) > n_query and queries == keys:
        queries = queries[-n_query:]
    return (queries, keys) if (len(queries), len(keys)) == (n_query, n_key) else None


def count(tokens: Any) -> str:
    """The numbers of tokens, for a message."""
    if isinstance(tokens, Mapping):
        return ", ".join(f"{len(side)} of the {name}" for name, side in tokens.items())
    queries, keys = (side or () for side in split_sides(tokens))
    return f"{len(queries)}" if queries == keys else f"{len(queries)} and {len(keys)}"
