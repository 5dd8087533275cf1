"""Tokens of recorded maps: those that are given, by kind of attention."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from attnviz.api.watch_maps import Group, attention_kind
from attnviz.errors import InvalidInputError, UnknownNameError
from attnviz.lookup import unknown_name_message
from attnviz.sources.external.token_lists import split_sides

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
