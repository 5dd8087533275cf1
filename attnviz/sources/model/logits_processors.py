"""Logits processors of greedy decoding, in the order of transformers.

Each excludes or penalizes next tokens, by the ids so far.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.sources.model.generation_config import GenerationConfig


def process_logits(
    logits: FloatArray, config: GenerationConfig, ids: Sequence[int], n_start: int
) -> FloatArray:
    """The logits of the next token with −∞ for excluded ones.    [V] → [V]

    `ids` are all ids so far, of which the first `n_start` were the input.
    """
    if config.forced_bos_token_id is not None and len(ids) == 1:
        forced = np.full_like(logits, -np.inf)
        forced[config.forced_bos_token_id] = 0.0
        return forced
    logits = penalize_repetition(logits, config.repetition_penalty, ids)
    excluded = [token_id for token_id in excluded_ids(config, ids, n_start) if token_id >= 0]
    if excluded:
        logits = logits.copy()
        logits[[token_id for token_id in excluded if token_id < len(logits)]] = -np.inf
    return logits


def penalize_repetition(logits: FloatArray, penalty: float, ids: Sequence[int]) -> FloatArray:
    """Positive logits of earlier tokens divided by a penalty, negative ones times it.

    Shapes: [V] → [V]
    Source: 1909.05858
    """
    if penalty == 1.0:
        return logits
    seen = np.unique(np.asarray(ids, dtype=np.intp))
    penalized = logits.copy()
    penalized[seen] = np.where(logits[seen] < 0, logits[seen] * penalty, logits[seen] / penalty)
    return penalized


def excluded_ids(config: GenerationConfig, ids: Sequence[int], n_start: int) -> Iterator[int]:
    """The ids that the next token cannot have."""
    yield from config.suppress_tokens
    yield from ids_after_repeated_ngram(ids, config.no_repeat_ngram_size)
    for word in config.bad_words_ids:
        is_eos = len(word) == 1 and word[0] in config.eos_token_id
        if not is_eos and ends_with(ids, word[:-1]):
            yield word[-1]
    if len(ids) < config.min_length or len(ids) - n_start < config.min_new_tokens:
        yield from config.eos_token_id
    n_begin = n_start if n_start > 1 or config.forced_bos_token_id is None else n_start + 1
    if len(ids) == n_begin:
        yield from config.begin_suppress_tokens


def ends_with(ids: Sequence[int], end: Sequence[int]) -> bool:
    """Whether the ids end with these."""
    return len(end) <= len(ids) and tuple(ids[len(ids) - len(end) :]) == tuple(end)


def ids_after_repeated_ngram(ids: Sequence[int], n: int) -> Iterator[int]:
    """The ids that would complete an n-gram which is among the ids already."""
    if n < 1 or len(ids) + 1 < n:
        return
    end = tuple(ids[len(ids) - n + 1 :]) if n > 1 else ()
    for start in range(len(ids) - n + 1):
        if tuple(ids[start : start + n - 1]) == end:
            yield ids[start + n - 1]
