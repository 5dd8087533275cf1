"""Long texts: a map whose cells stand for stretches of tokens."""

from __future__ import annotations

from typing import Any
from warnings import warn

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.engine.pooled_collector import POOLINGS, PooledMap
from attnviz.errors import AttnvizWarning, MisuseError, UnknownNameError
from attnviz.lookup import unknown
from attnviz.sources.forward_pass import Subject

WHOLE = 4096  # tokens a side that are shown one by one, unless something else is asked for
POOLED = 512  # stretches a side of a longer text


def stretches(subject: Subject, wanted: int | None, by: str) -> int | None:
    """At most how many stretches a side there shall be; None: every token stands for itself.

    `wanted` 0 means every token, None: that, or a pooled map where the text is long.
    """
    if wanted is not None and wanted < 0:
        raise MisuseError(f"--pool {wanted} should be at least 1, or 0 for every token")
    if by not in POOLINGS:
        raise UnknownNameError(unknown(by, POOLINGS, "--pool-by"))
    n_query, n_key = len(subject.queries), len(subject.keys)
    longest = max(n_query, n_key)
    if wanted is None and longest > WHOLE:
        warn(
            f"{n_query} × {n_key} tokens are pooled to at most {POOLED} × {POOLED} cells; "
            "--pool sets how many, --pool 0 keeps every token",
            AttnvizWarning,
            stacklevel=3,
        )
        return POOLED
    return wanted if wanted and longest > wanted else None


def pooled_map_of(
    subject: Subject,
    collector: PooledMap,
    by: str,
    text: str,
    context: str | None,
    made: dict[str, Any],
) -> AttentionMap:
    """What a collector kept of a subject; `by` is a name of POOLINGS."""
    queries, keys = collector.sheets[0].queries, collector.sheets[0].keys
    pooled, says = POOLINGS[by]
    return AttentionMap(
        queries=queries.labels(subject.queries),
        keys=keys.labels(subject.keys),
        weights=np.stack([pooled(sheet) for sheet in collector.sheets]).astype(np.float32),
        visible=np.stack([sheet.visible for sheet in collector.sheets]),
        layers=tuple(collector.kept),
        heads=collector.kept_heads,
        text=text,
        context=context,
        meta={
            **made,
            "pooled": f"a cell of {queries.length} queries × {keys.length} keys shows {says}; "
            f"there are {queries.n_token} × {keys.n_token}",
            "row_sum": made["row_sum"] if by == "share" else "any",
        },
    )
