"""Tokens: the record of one token, and the search for one by text or position."""

from __future__ import annotations

import warnings
from dataclasses import dataclass

from attnviz.errors import AttnvizWarning, MisuseError


@dataclass(frozen=True)
class Token:
    """One token: its vocabulary entry, its label and its position in the text.

    `piece` is the raw vocabulary entry, `label` its readable form, `start` and `end` its
    characters in the text, `segment` its sentence of a pair, `word` the index of its word
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
MAX_DIGITS = 9  # of a position


def find_token(name: str, tokens: Tokens, side: str) -> int:
    """The position of a token, given by its text, its position, or both: "the (4)", "4:the".

    Of several tokens of that text it is the first; a warning states the others.
    Raises MisuseError where there is no such token.
    """
    name = name.strip()
    positions = [
        i
        for i, token in enumerate(tokens)
        if name in (token.label, token.piece) or token.label == f"{token.piece}⟨{name}⟩"
    ]
    if len(positions) > 1:
        others = ", ".join(map(str, positions[1:6])) + " …" * (len(positions) > 6)
        message = f"{side} {name!r} is at position {positions[0]}, and at {others}"
        warnings.warn(message, AttnvizWarning, stacklevel=2)
    if positions:
        return positions[0]
    for position, token in enumerate(tokens):
        if name in (f"{token.label} ({position})", f"{position}:{token.label}"):
            return position
    if name.isdecimal() and len(name) <= MAX_DIGITS and int(name) < len(tokens):
        return int(name)
    present = " ".join(f"{i}:{token.label}" for i, token in enumerate(tokens[:20]))
    raise MisuseError(f"there is no {side} {name!r}; there are {present}")
