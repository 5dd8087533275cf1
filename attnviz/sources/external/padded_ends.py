"""Padding at the ends of a sequence, left out on request."""

from __future__ import annotations

from dataclasses import replace

from attnviz.core.attention_map import AttentionMap
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.subset import select_tokens
from attnviz.core.token_features import PADDING_TOKENS


def trim_padding(amap: AttentionMap) -> AttentionMap:
    """The map without padded keys at both ends, and without their queries in self attention.

    Padding is what the map's metadata states, and keys spelled as padding tokens. Weight that
    queries have on it is lost, and stated.
    Shapes: [layer, head, query, key] -> fewer queries and keys
    """
    stated = set(amap.meta.get("padding", ()))
    padded = [k in stated or key.piece in PADDING_TOKENS for k, key in enumerate(amap.keys)]
    real = [k for k, is_padded in enumerate(padded) if not is_padded]
    keys = list(range(real[0], real[-1] + 1)) if real else list(range(len(padded)))
    guesses = list(amap.meta.get("guessed", ()))
    if len(keys) == len(amap.keys):
        return with_guesses(amap, [*guesses, "no padding at the ends to trim"])
    queries = keys if amap.queries == amap.keys else list(range(len(amap.queries)))
    trimmed = select_tokens(amap, queries, keys)
    lost = float((amap.row_sums[..., queries] - trimmed.row_sums).max(initial=0.0))
    n_left = len(amap.keys) - len(keys)
    guesses.append(
        f"{n_left} padded key{'s' * (n_left != 1)} left out"
        + (f", with up to {lost:.3g} of the weight of a row" if lost > 0 else "")
    )
    meta: MapMetadata = {**trimmed.meta, "row_sum": trimmed.row_sum if lost > 0 else amap.row_sum}
    return with_guesses(replace(trimmed, meta=meta), guesses)


def with_guesses(amap: AttentionMap, guesses: list[str]) -> AttentionMap:
    """The map with these sentences about how it was read."""
    return replace(amap, meta={**amap.meta, "guessed": guesses})
