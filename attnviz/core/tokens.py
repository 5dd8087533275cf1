"""Tokens: what a token is, and how one is found by its text or its position."""

from __future__ import annotations

from dataclasses import dataclass

from attnviz.errors import MisuseError


@dataclass(frozen=True)
class Token:
    """One token: what it is in the vocabulary, how it is shown, and where it stands.

    `piece` is the raw vocabulary entry, `label` what people see, `start` and `end` its
    characters in the text, `segment` the sentence of a pair, `word` the word it is part of
    (None for special tokens).
    """

    piece: str
    label: str
    start: int = 0
    end: int = 0
    special: bool = False
    segment: int = 0
    word: int | None = None

    @classmethod
    def of(cls, label: str) -> Token:
        """A token of which only the text is known."""
        return cls(piece=label, label=label)


Tokens = tuple[Token, ...]


def place(wanted: str, tokens: Tokens, side: str) -> int:
    """The position of a token, given by what it says (the first such) or by its number."""
    wanted = wanted.strip()
    for at, token in enumerate(tokens):
        if wanted in (token.label, token.piece):
            return at
    if wanted.isdecimal() and int(wanted) < len(tokens):
        return int(wanted)
    there = " ".join(f"{i}:{token.label}" for i, token in enumerate(tokens[:20]))
    raise MisuseError(f"there is no {side} {wanted!r}; there are {there}")
