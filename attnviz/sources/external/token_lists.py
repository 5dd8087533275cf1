"""Tokens that came with attention, or that somebody gives for it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from attnviz.core.arrays import Shape
from attnviz.core.tokens import Token, Tokens
from attnviz.errors import InvalidInputError

STARTS, ENDS = ("Ġ", "▁"), ("</w>",)  # marks of a word's beginning or end in vocabularies


def token_of(word: Any) -> Token:
    """A token of a vocabulary's entry: the entry as it is, shown without the marks of words."""
    if isinstance(word, Token):
        return word
    if not isinstance(word, str):
        raise InvalidInputError(f"a token is {word!r:.40}; it should be text")
    shown = str(word)
    for mark in STARTS:
        shown = shown.removeprefix(mark)
    for mark in ENDS:
        shown = shown.removesuffix(mark)
    return Token(piece=str(word), label=shown or str(word))


def tokens_of(words: Any, what: str = "tokens") -> Tokens:
    """Tokens of a list of entries."""
    if isinstance(words, str | bytes) or not isinstance(words, Sequence):
        raise InvalidInputError(f"{what} should be a list of texts, not {type(words).__name__}")
    return tuple(token_of(word) for word in words)


def sides(tokens: Any) -> tuple[Tokens | None, Tokens | None]:
    """Tokens of queries and of keys; one list is for both."""
    if tokens is None:
        return None, None
    two = isinstance(tokens, list | tuple) and len(tokens) == 2
    if two and not any(isinstance(side, str | Token) for side in tokens):
        return tokens_of(tokens[0]), tokens_of(tokens[1])
    both = tokens_of(tokens)
    return both, both


def labelled(
    queries: Tokens | None, keys: Tokens | None, shape: Shape
) -> tuple[tuple[Tokens, Tokens], tuple[str, ...]]:
    """A token for each query and key, and a sentence for each thing that was guessed.

    Shapes: `shape` ends in [query, key]
    Raises InvalidInputError, with both numbers, where tokens and attention do not fit.
    """
    n_query, n_key = shape[-2:]
    guessed: tuple[str, ...] = ()
    keys = queries if keys is None else keys
    queries = keys if queries is None else queries
    if queries is None or keys is None:
        queries, keys = positions(n_query), positions(n_key)
        guessed = ("no tokens came with the attention: positions are shown",)
    elif len(queries) > n_query and queries == keys:
        guessed = (f"the {n_query} queries are taken as the last of {len(queries)} tokens",)
        queries = queries[-n_query:]
    for side, have, need in (("query", queries, n_query), ("key", keys, n_key)):
        if len(have) != need:
            raise InvalidInputError(
                f"{len(have)} tokens for {need} positions of the {side} axis (attention of shape "
                f"{shape}); give tokens of that number, or those of queries and keys as a pair"
            )
    return (queries, keys), guessed


def positions(n: int) -> Tokens:
    """Numbers, where nobody knows the tokens."""
    return tuple(Token.of(str(place)) for place in range(n))
