"""Head facts of a map for its renderers: which heads have patterns, and which measures."""

from __future__ import annotations

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import compared_heads
from attnviz.measures.head_facts import SORTING_MEASURES, HeadFacts, find_head_facts
from attnviz.render.style import HeadMeasure


def describe_heads(amap: AttentionMap) -> HeadFacts:
    """The pattern, summary and measures of every head; none for a pooled map.

    Cells of pooled maps are not weights. Untrained weights, masks, comparisons and reduced maps
    have no patterns.
    """
    if "pooled" in amap.meta:
        return HeadFacts({}, {}, {})
    is_other = amap.meta.get("source") in ("mask", "difference") or "reduced" in amap.meta
    return find_head_facts(amap, has_patterns=not (amap.names or is_other or "seed" in amap.meta))


def head_measures(amap: AttentionMap, facts: HeadFacts) -> tuple[HeadMeasure, ...]:
    """The measures by which heads can be sorted; none for masks, NaN for differences of heads."""
    if amap.meta.get("source") in ("mask", "difference"):
        return ()
    is_change = np.array([head.kind == "difference" for head in compared_heads(amap)], dtype=bool)
    return tuple(
        HeadMeasure(
            name=row.name,
            summary=row.summary,
            unit=row.unit,
            low=row.low,
            high=row.high,
            is_lowest_first=row.is_lowest_first,
            values=np.where(is_change, np.nan, values) if is_change.any() else values,
        )
        for row in SORTING_MEASURES
        if (values := facts.measures.get(row.name)) is not None
    )
