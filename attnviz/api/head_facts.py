"""Head facts of a map for its renderers: which heads have patterns, and which measures."""

from __future__ import annotations

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import compared_heads
from attnviz.measures.head_facts import HeadFacts, find_head_facts
from attnviz.render.style import HeadMeasure


def describe_heads(amap: AttentionMap, *, has_measures: bool = True) -> HeadFacts:
    """The pattern, summary and, if requested, measures of every head; none for a pooled map.

    Cells of pooled maps are not weights. Untrained weights, masks, comparisons and reduced maps
    have no patterns.
    """
    if "pooled" in amap.meta:
        return HeadFacts({}, {}, {})
    is_other = amap.meta.get("source") in ("mask", "difference") or "reduced" in amap.meta
    has_patterns = not (amap.names or is_other or "seed" in amap.meta)
    return find_head_facts(amap, has_patterns=has_patterns, has_measures=has_measures)


def head_measures(amap: AttentionMap, facts: HeadFacts) -> tuple[HeadMeasure, ...]:
    """The measures by which heads can be sorted; none for masks, NaN for differences of heads."""
    if not facts.measures or amap.meta.get("source") in ("mask", "difference"):
        return ()
    from attnviz.measures.table import find_measure

    rows = [find_measure(name) for name in facts.measures]
    is_change = np.array([head.kind == "difference" for head in compared_heads(amap)], dtype=bool)
    return tuple(
        HeadMeasure(
            name=row.name,
            summary=row.summary,
            unit=row.unit,
            low=row.low,
            high=row.high,
            is_lowest_first=row.is_lowest_first,
            values=np.where(is_change, np.nan, facts.measures[row.name])
            if is_change.any()
            else facts.measures[row.name],
        )
        for row in rows
    )
