"""Token lists: vocabulary entries as tokens, with readable labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from attnviz.core.tokens import Token, Tokens
from attnviz.errors import InvalidInputError
from attnviz.sources.safe_read import LONGEST, check_budget
from attnviz.sources.tokenizing.byte_level_labels import byte_level_labels
from attnviz.sources.tokenizing.special_names import is_special_name

STARTS, ENDS = ("Ġ", "▁"), ("</w>",)  # word boundary marks of vocabularies
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
    return Token(piece=str(entry), label=label or str(entry), special=is_special_name(entry))


def make_plain_token(text: str) -> Token:
    """The token of a label or a piece that is shown as it is."""
    return replace(Token.of(text), special=is_special_name(text))


def make_tokens(entries: Any, what: str = "tokens") -> Tokens:
    """The tokens of a list of vocabulary entries, byte-level ones with the text of their bytes."""
    if hasattr(entries, "tolist"):  # arrays, and series of pandas
        entries = entries.tolist()
    if isinstance(entries, str | bytes) or not isinstance(entries, Sequence):
        kind = type(entries).__name__
        raise InvalidInputError(f"{what} should be a list of strings, not {kind}")
    check_count(len(entries), what)
    if isinstance(entries, tuple) and all(isinstance(entry, Token) for entry in entries):
        return entries
    tokens = tuple(make_token(entry) for entry in entries)
    if any(isinstance(entry, Token) for entry in entries):
        return tokens
    return relabel_bytes(tokens)


def relabel_bytes(tokens: Tokens) -> Tokens:
    """Byte-level tokens with the text of their bytes as labels; other tokens as they are."""
    labels = byte_level_labels([t.piece for t in tokens], [t.special for t in tokens])
    if labels is None:
        return tokens
    return tuple(
        token if token.special else replace(token, label=label)
        for token, label in zip(tokens, labels, strict=True)
    )


def check_count(n: int, what: str) -> None:
    """Refuse more tokens than an axis can have."""
    if n > LONGEST:
        raise InvalidInputError(f"{what}: {n:,} tokens; at most {LONGEST:,} are read")


def split_words(line: str) -> list[str]:
    """The words of a line, which are separated by whitespace."""
    check_budget(BYTES_PER_CHARACTER * len(line), f"a line of {len(line):,} characters")
    return line.split()


def position_tokens(n: int) -> Tokens:
    """Positions in place of unknown tokens."""
    return tuple(Token.of(str(position)) for position in range(n))
