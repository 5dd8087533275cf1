"""Links and measures of recorded calls, one record per link or per head."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np

from attnviz.api.watch_maps import attention_kind


def head_facts(captures: Iterable[Any], names: Any) -> Iterator[tuple[Any, tuple[int, int], Any]]:
    """Each capture, the positions of an item and a head in it, and the facts of that head."""
    for capture in captures:
        module = names.qualified(capture.site.root, capture.site.module)
        for at in np.ndindex(len(capture.items), len(capture.heads)):
            yield (
                capture,
                at,
                {
                    "module": module,
                    "attention": attention_kind(capture),
                    "layer": capture.site.layer,
                    "head": capture.heads[at[1]],
                    "item": capture.items[at[0]],
                    "step": capture.step,
                    "run": capture.run,
                    "training": capture.is_training,
                },
            )


def link_records(captures: Iterable[Any], names: Any) -> list[dict[str, Any]]:
    """The largest weights of each head, the largest first; positions of queries and keys."""
    return [
        {
            **facts,
            "query": capture.rows[link.query],
            "key": link.key,
            "weight": link.weight,
        }
        for capture, (item, head), facts in head_facts(captures, names)
        for link in capture.kept.links[item][head]
    ]


def measure_records(captures: Iterable[Any], names: Any) -> list[dict[str, Any]]:
    """Means over the rows of each head: entropy in bits, row sum, and distance in tokens.

    `distance` is None for cross-attention, whose queries and keys are different sequences;
    `largest` is the largest weight.
    """
    records = []
    for capture, at, facts in head_facts(captures, names):
        kept, n_row = capture.kept, len(capture.rows)
        is_cross = facts["attention"] == "cross"
        records.append(
            {
                **facts,
                "entropy": float(kept.entropy[at] / n_row),
                "row_sum": float(kept.row_sum[at] / n_row),
                "distance": None if is_cross else float(kept.distance[at] / n_row),
                "largest": float(kept.largest[at]),
            }
        )
    return records
