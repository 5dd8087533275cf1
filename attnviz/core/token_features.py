"""Token features that masks and scores read: padding, segment, number of letters."""

from __future__ import annotations

import unicodedata
from functools import lru_cache

import numpy as np

from attnviz.core.grid import Note
from attnviz.core.tokens import Token, Tokens

PAD = Token(piece="[PAD]", label="[PAD]", special=True)


def notes(queries: Tokens, keys: Tokens) -> dict[str, Note]:
    """What masks and scores may want to know of the tokens."""

    def both(of: object) -> Note:
        return tuple(np.array([of(t) for t in tokens]) for tokens in (queries, keys))  # type: ignore[operator, return-value]

    return {
        "pad": both(lambda token: int(token.piece == PAD.piece and token.special)),
        "segment": both(lambda token: token.segment),
        "letters": both(lambda token: n_letter(token.label) * (not token.special)),
    }


@lru_cache(1 << 16)
def n_letter(text: str) -> int:
    """How many letters a word has."""
    return len(letter_numbers(text))


def letter_numbers(text: str) -> list[int]:
    """a = 1 … z = 26, accents taken off; letters of other scripts count, as 0.

    >>> letter_numbers("Melbourne")
    [13, 5, 12, 2, 15, 21, 18, 14, 5]
    """
    plain = unicodedata.normalize("NFKD", text).lower()
    return [ord(c) - 96 if "a" <= c <= "z" else 0 for c in plain if c.isalpha()]
