"""Token lists: vocabulary entries as tokens, matched with the axes of attention."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attnviz.core.arrays import Shape
from attnviz.core.tokens import Token, Tokens
from attnviz.errors import InvalidInputError
from attnviz.sources.safe_read import LONGEST, check_budget

STARTS, ENDS = ("Ġ", "▁"), ("</w>",)  # word boundary marks of vocabularies
NO_TOKENS = "no tokens given; showing positions (see --tokens)"
BYTES_PER_CHARACTER = 64  # of a line that is split: words of one letter are the worst


def make_token(entry: Any) -> Token:
    """The token of a vocabulary entry; its label leaves out word boundary marks."""
    if isinstance(entry, Token):
        return entry
    if not isinstance(entry, str):
        raise InvalidInputError(f"a token is {entry!r:.40}; it should be a string")
    label = str(entry)
    for mark in STARTS:
        label = label.removeprefix(mark)
    for mark in ENDS:
        label = label.removesuffix(mark)
    return Token(piece=str(entry), label=label or str(entry))


def make_tokens(entries: Any, what: str = "tokens") -> Tokens:
    """The tokens of a list of vocabulary entries."""
    if isinstance(entries, str | bytes) or not isinstance(entries, Sequence):
        kind = type(entries).__name__
        raise InvalidInputError(f"{what} should be a list of strings, not {kind}")
    if isinstance(entries, tuple) and all(isinstance(entry, Token) for entry in entries):
        return entries
    check_count(len(entries), what)
    return tuple(make_token(entry) for entry in entries)


def check_count(n: int, what: str) -> None:
    """Refuse more tokens than an axis can have."""
    if n > LONGEST:
        raise InvalidInputError(f"{what}: {n:,} tokens; at most {LONGEST:,} are read")


def split_words(line: str) -> list[str]:
    """The words of a line, which are separated by whitespace."""
    check_budget(BYTES_PER_CHARACTER * len(line), f"a line of {len(line):,} characters")
    return line.split()


def split_sides(tokens: Any) -> tuple[Tokens | None, Tokens | None]:
    """Query tokens and key tokens; a single list stands for both."""
    if tokens is None:
        return None, None
    is_pair = isinstance(tokens, list | tuple) and len(tokens) == 2
    if is_pair and not any(isinstance(side, str | Token) for side in tokens):
        return make_tokens(tokens[0]), make_tokens(tokens[1])
    both = make_tokens(tokens)
    return both, both


def match_tokens(
    queries: Tokens | None, keys: Tokens | None, shape: Shape
) -> tuple[tuple[Tokens, Tokens], tuple[str, ...]]:
    """Query and key tokens that fit the weights, and a sentence per assumption.

    Shapes: `shape` ends in [query, key]
    Raises InvalidInputError, with both counts, for tokens that do not fit.
    """
    n_query, n_key = shape[-2:]
    guesses: tuple[str, ...] = ()
    keys = queries if keys is None else keys
    queries = keys if queries is None else queries
    if queries is None or keys is None:
        queries, keys = position_tokens(n_query), position_tokens(n_key)
        guesses = (NO_TOKENS,)
    elif len(queries) > n_query and queries == keys:
        guesses = (f"assuming that the {n_query} queries are the last of {len(queries)} tokens",)
        queries = queries[-n_query:]
    for side, tokens, n in (("query", queries, n_query), ("key", keys, n_key)):
        if len(tokens) != n:
            raise InvalidInputError(
                f"{len(tokens)} tokens for {n} positions of the {side} axis (attention of shape "
                f"{shape}); give {n} tokens, or query tokens and key tokens as a pair"
            )
    return (queries, keys), guesses


def position_tokens(n: int) -> Tokens:
    """Positions in place of unknown tokens."""
    return tuple(Token.of(str(position)) for position in range(n))


def match_vector_tokens(
    queries: Tokens | None, keys: Tokens | None, shape: Shape
) -> tuple[tuple[Tokens, Tokens], tuple[str, ...]]:
    """Tokens of one weight per word, whose single query has no token of its own.

    Shapes: `shape` ends in [query 1, key]
    Raises InvalidInputError for tokens that do not fit.
    """
    if queries is None or queries == keys:
        queries = (Token.of("query"),)
    if keys is None:
        keys, guesses = position_tokens(shape[-1]), (NO_TOKENS,)
        return (queries, keys), guesses
    return match_tokens(queries, keys, shape)
