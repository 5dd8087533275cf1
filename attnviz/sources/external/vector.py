"""One weight per word: attention of a single query, as attention pooling has it."""

from __future__ import annotations

from attnviz.core.arrays import FloatArray
from attnviz.core.tokens import Tokens
from attnviz.sources.external.raw_attention import RawAttention


def from_vector(weights: FloatArray, keys: Tokens | None = None) -> RawAttention:
    """Attention from one weight per word.    [key] -> [query 1, key]"""
    return RawAttention(
        weights=weights[None],
        axes="qk",
        keys=keys,
        guesses=("one weight per word: a single query attends to all",),
        is_vector=True,
    )
