"""Token features that masks and scores read: padding, segment, number of letters."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from attnviz.core.grid import TokenFeature
from attnviz.core.tokens import Token, Tokens

PADDING_TOKENS = ("[PAD]", "<pad>", "<PAD>", "<|pad|>")
PAD = Token(piece="[PAD]", label="[PAD]", special=True)


def compute_token_features(queries: Tokens, keys: Tokens) -> dict[str, TokenFeature]:
    """All features of the queries and of the keys, by name (see Grid)."""

    def on_both(feature: Callable[[Token], int]) -> TokenFeature:
        of_queries = np.array([*map(feature, queries)])
        return of_queries, of_queries if keys is queries else np.array([*map(feature, keys)])

    return {
        "pad": on_both(lambda token: int(token.piece == PAD.piece and token.special)),
        "segment": on_both(lambda token: token.segment),
        "letters": on_both(lambda token: count_letters(token.label) * (not token.special)),
    }


@lru_cache(1 << 16)
def count_letters(text: str) -> int:
    """Number of letters of a word."""
    return len(letter_numbers(text))


def letter_numbers(text: str) -> list[int]:
    """a = 1 … z = 26, without accents; letters of other scripts are 0.

    >>> letter_numbers("Melbourne")
    [13, 5, 12, 2, 15, 21, 18, 14, 5]
    """
    decomposed = unicodedata.normalize("NFKD", text).lower()
    return [ord(c) - 96 if "a" <= c <= "z" else 0 for c in decomposed if c.isalpha()]
