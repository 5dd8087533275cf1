"""Tokens of queries and of keys: of the caller, of the file, or positions."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attnviz.core.arrays import Shape
from attnviz.core.token_features import PAD
from attnviz.core.tokens import Token, Tokens
from attnviz.errors import InvalidInputError
from attnviz.sources.external.guesses import Reading
from attnviz.sources.external.token_lists import make_tokens, position_tokens

NO_TOKENS = "no tokens given; showing positions (see --tokens)"
N_SIDE = 2  # queries, keys
Side = Tokens | None


class BatchTokens(tuple[Tokens, ...]):
    """Token lists of one side, one per batch item."""


def split_sides(tokens: Any) -> tuple[Side, Side]:
    """Query tokens and key tokens, None for a side without any; a single list is both."""
    if tokens is None:
        return None, None
    is_pair = isinstance(tokens, list | tuple) and len(tokens) == N_SIDE
    if is_pair and not any(isinstance(side, str | Token) for side in tokens):
        queries, keys = (None if side is None else make_tokens(side) for side in tokens)
        return queries, keys
    both = make_tokens(tokens)
    return both, both


def match_tokens(
    given: tuple[Side, Side],
    own: tuple[Side, Side],
    shape: Shape,
    *,
    is_cross: bool = False,
    padding: Sequence[int] = (),
) -> tuple[tuple[Tokens, Tokens], tuple[str, ...]]:
    """Query and key tokens that fit the weights, and a sentence per assumption.

    A side has the tokens of the caller, else its own, else positions. One list for both sides is
    the same object twice; in cross attention it labels the side that it fits. `padding` are the
    positions that tokens may leave out.
    Shapes: `shape` ends in [query, key]
    Raises InvalidInputError, with both counts, for tokens that do not fit.
    """
    n_query, n_key = shape[-2:]
    queries, keys = (a if a is not None else b for a, b in zip(given, own, strict=True))
    guesses: tuple[str, ...] = ()
    if queries is not None and queries is keys:
        (queries, keys), guesses = place_list(queries, (n_query, n_key), is_cross=is_cross)
        if queries is keys is None and given[0] is not None:
            raise InvalidInputError(
                f"cross attention of {n_query} queries and {n_key} keys has two token lists; "
                "give query tokens and key tokens (--query-tokens, --key-tokens)"
            )
    if queries is None and keys is None:
        return (position_tokens(n_query), position_tokens(n_key)), (*guesses, NO_TOKENS)
    of_queries = padding if n_query == n_key else ()
    queries, query_note = fit_side("query", queries, shape, n_query, of_queries)
    keys, key_note = fit_side("key", keys, shape, n_key, padding)
    return (queries, keys), (*guesses, *filter(None, (query_note, key_note)))


def fit_side(
    side: str, tokens: Side, shape: Shape, n: int, padding: Sequence[int]
) -> tuple[Tokens, str]:
    """The tokens of one side of `n` positions, and a sentence if those are shown instead.

    Raises InvalidInputError for another number of tokens.
    """
    if tokens is None:
        note = f"no {side} tokens given; showing positions (see --{side}-tokens)"
        return position_tokens(n), note
    if padding and len(tokens) == n - len(padding):
        return insert_padding(tokens, padding, n), ""
    if len(tokens) != n:
        given = f"{len(tokens)} token{'s' * (len(tokens) != 1)}"
        raise InvalidInputError(
            f"{given} for {n} position{'s' * (n != 1)} of the {side} axis (attention "
            f"of shape {shape}); give {n} tokens, or query tokens and key tokens as a pair"
        )
    return tokens, ""


def match_vector_tokens(
    given: tuple[Side, Side], own: tuple[Side, Side], shape: Shape
) -> tuple[tuple[Tokens, Tokens], tuple[str, ...]]:
    """Tokens of one weight per word, whose single query has no token of its own.

    Shapes: `shape` ends in [query 1, key]
    Raises InvalidInputError for tokens that do not fit.
    """
    queries, keys = (a if a is not None else b for a, b in zip(given, own, strict=True))
    if queries is None or queries is keys:
        queries = (Token.of("query"),)
    if keys is None:
        return (queries, position_tokens(shape[-1])), (NO_TOKENS,)
    return match_tokens((queries, keys), (None, None), shape)


def place_list(
    tokens: Tokens, sizes: tuple[int, int], *, is_cross: bool
) -> tuple[tuple[Side, Side], tuple[str, ...]]:
    """The sides that a single list labels, and a sentence if that is an assumption.

    `sizes` are the numbers of queries and keys. In self attention it labels both; with fewer
    queries than tokens, those are the last.
    """
    n_query, n_key = sizes
    if is_cross and n_query == n_key == len(tokens):
        return (None, None), (
            "tokens are not shown: they may be those of the queries or the keys",
        )
    if is_cross:
        return (
            tokens if len(tokens) == n_query else None,
            tokens if len(tokens) != n_query else None,
        ), ()
    if len(tokens) > n_query and len(tokens) == n_key:
        note = f"assuming that the {n_query} queries are the last of {len(tokens)} tokens"
        return (tokens[-n_query:], tokens), (Reading(note),)
    return (tokens, tokens), ()


def insert_padding(tokens: Tokens, padding: Sequence[int], n: int) -> Tokens:
    """The tokens at the positions that are not padding, [PAD] at the others.    -> [n]"""
    rest, masked = iter(tokens), set(padding)
    return tuple(PAD if i in masked else next(rest) for i in range(n))
