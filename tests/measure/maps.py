"""Maps for measures: random distributions, causal ones, ones with a remainder."""

from __future__ import annotations

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token

WORDS = ("[CLS]", "the", "cat", "saw", "the", "cat", "sleep")


def tokens(words=WORDS) -> tuple[Token, ...]:
    return tuple(Token(w, w, special=w.startswith("[")) for w in words)


def shares(*shape: int, seed: int = 0) -> np.ndarray:
    raw = np.random.default_rng(seed).random(shape) ** 4
    return raw / raw.sum(-1, keepdims=True)


def plain(seed: int = 0, words=WORDS, keys=None, n_layer=2, n_head=3, **more) -> AttentionMap:
    """Random rows that sum to 1."""
    queries, keys = tokens(words), tokens(words if keys is None else keys)
    weights = shares(n_layer, n_head, len(queries), len(keys), seed=seed)
    return AttentionMap(queries=queries, keys=keys, weights=weights, **more)


def causal(seed: int = 0) -> AttentionMap:
    """No weight on future positions."""
    amap = plain(seed)
    visible = np.tril(np.ones(amap.weights.shape[-2:], dtype=bool))
    weights = np.where(visible, amap.weights, 0.0)
    return AttentionMap(
        amap.queries, amap.keys, weights / weights.sum(-1, keepdims=True), visible=visible
    )


def leaky(seed: int = 0) -> AttentionMap:
    """Rows that sum to 0 … 1; the third is fully masked."""
    amap = plain(seed)
    row_sums = np.linspace(0.3, 1.0, len(amap.queries))[:, None]
    visible = np.ones(amap.weights.shape[-2:], dtype=bool)
    visible[2] = False
    weights = np.where(visible, amap.weights * row_sums, 0.0)
    return AttentionMap(
        amap.queries, amap.keys, weights, visible=visible, meta={"row_sum": "at most 1"}
    )


def gated() -> AttentionMap:
    """Rows that sum to more than 1."""
    amap = plain()
    return AttentionMap(amap.queries, amap.keys, amap.weights * 2, meta={"row_sum": "any"})


def signed() -> AttentionMap:
    """Weights of both signs."""
    amap = plain()
    weights = amap.weights - amap.weights.mean(-1, keepdims=True)
    return AttentionMap(amap.queries, amap.keys, weights, meta={"row_sum": "any", "signed": True})


def with_nothing(row) -> list[float]:
    """The weights of a row, and what is missing from 1 where that is more than rounding."""
    row = [float(weight) for weight in row]
    missing = 1.0 - sum(row)
    return [*row, missing if missing > 1e-9 else 0.0]


def only_at(place, words=WORDS) -> AttentionMap:
    """One head, each query i with all its weight on key place(i)."""
    weights = np.zeros((1, 1, len(words), len(words)))
    for i in range(len(words)):
        weights[0, 0, i, place(i)] = 1.0
    return AttentionMap(tokens(words), tokens(words), weights)


SHARED_OUT = (plain, causal, leaky)
UNSHARED = (gated, signed)
