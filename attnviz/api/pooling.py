"""Pooled maps of long texts: each cell is a block of queries × a block of keys."""

from __future__ import annotations

from typing import TYPE_CHECKING
from warnings import warn

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.map_metadata import MapMetadata
from attnviz.errors import AttnvizWarning, MisuseError, UnknownNameError
from attnviz.lookup import unknown_name_message
from attnviz.sources.forward_pass import ForwardPass

if TYPE_CHECKING:
    from attnviz.core.engine.pooled_collector import PooledCollector

MAX_UNPOOLED = 4096  # tokens per side that are not pooled by default
DEFAULT_POOL = 512  # cells per side for longer texts


def choose_pool_size(forward: ForwardPass, pool: int | None, by: str | None) -> int | None:
    """The largest number of cells per side of a pooled map; None: the map is not pooled.

    `pool` 0: never pool; None: pool long texts only. Warns where `by` has no effect.
    """
    if pool is not None and pool < 0:
        raise MisuseError(f"--pool {pool} should be at least 1, or 0 for every token")
    if by is not None:
        check_pooling(by)
    n_query, n_key = len(forward.queries), len(forward.keys)
    longest = max(n_query, n_key)
    if pool is None and longest > MAX_UNPOOLED:
        warn(
            f"{n_query} × {n_key} tokens are pooled to at most {DEFAULT_POOL} × {DEFAULT_POOL} "
            "cells; change with --pool N, keep every token with --pool 0",
            AttnvizWarning,
            stacklevel=3,
        )
        return DEFAULT_POOL
    if pool and longest > pool:
        return pool
    if by is not None:
        shape = f"{n_query} × {n_key} tokens"
        reason = f"the map of {shape} is not pooled; pool it with a smaller --pool N"
        warn(f"--pool-by has no effect: {reason}", AttnvizWarning, stacklevel=3)
    return None


def check_pooling(name: str) -> None:
    """Raise UnknownNameError for a name that POOLINGS does not have."""
    from attnviz.core.engine.pooled_collector import POOLINGS

    if name not in POOLINGS:
        raise UnknownNameError(unknown_name_message(name, POOLINGS, "--pool-by"))


def build_pooled_map(
    forward: ForwardPass,
    collector: PooledCollector,
    by: str,
    text: str,
    context: str | None,
    meta: MapMetadata,
) -> AttentionMap:
    """The pooled map of a forward pass, from what its collector recorded.

    `by` is a name of POOLINGS.
    """
    from attnviz.core.engine.pooled_collector import POOLINGS

    queries, keys = collector.accumulators[0].queries, collector.accumulators[0].keys
    pool_cells, meaning = POOLINGS[by]
    return AttentionMap(
        queries=queries.labels(forward.queries),
        keys=keys.labels(forward.keys),
        weights=np.stack([pool_cells(layer) for layer in collector.accumulators]).astype(
            np.float32
        ),
        visible=np.stack([layer.visible for layer in collector.accumulators]),
        layers=tuple(collector.recorded_layers),
        heads=collector.recorded_heads,
        text=text,
        context=context,
        meta={
            **meta,
            "pooled": f"a cell of {queries.length} queries × {keys.length} keys shows {meaning}; "
            f"{queries.n_token} × {keys.n_token} tokens in all",
            "row_sum": meta["row_sum"] if by == "share" else "any",
        },
    )
