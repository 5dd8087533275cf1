"""Head facts of a map for its renderers: which heads have patterns, and which measures."""

from __future__ import annotations

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import compared_heads
from attnviz.core.effects import effect_values, map_effects
from attnviz.measures.head_facts import HeadFacts, find_head_facts
from attnviz.render.style import SEPARATOR, HeadMeasure


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


def pattern_summaries(facts: HeadFacts) -> dict[str, str]:
    """What each pattern of these heads is, by its name.

    Raises KeyError for a pattern that is in no table.
    """
    from attnviz.measures.patterns import PATTERNS
    from attnviz.measures.table import MEASURES

    summaries = {row.name: row.summary for row in MEASURES}
    summaries |= {row.name: row.summary for row in PATTERNS}
    return {
        name: summaries[name] for name in sorted({name for name, _ in facts.patterns.values()})
    }


def head_measures(amap: AttentionMap, facts: HeadFacts) -> tuple[HeadMeasure, ...]:
    """The measures by which heads can be sorted, effects first.

    None for masks, NaN for differences of heads.
    """
    return (*effect_measures(amap), *map_measures(amap, facts))


def effect_measures(amap: AttentionMap) -> tuple[HeadMeasure, ...]:
    """The effects of the heads, of a map that has them."""
    effects = map_effects(amap)
    if effects is None:
        return ()
    found = []
    for measure in effects["measures"]:
        values = effect_values(amap, measure)
        largest = float(np.abs(values).max(initial=0.0, where=np.isfinite(values)))
        row = HeadMeasure(
            name=measure["name"],
            summary=measure["summary"],
            unit=measure["unit"],
            low=-largest if measure["signed"] else 0.0,
            high=largest,
            is_lowest_first=False,
            values=values,
            is_signed=measure["signed"],
            note=SEPARATOR.join(effects["notes"]),
        )
        found.append(row)
    return tuple(found)


def map_measures(amap: AttentionMap, facts: HeadFacts) -> tuple[HeadMeasure, ...]:
    """The measures of the weights of the heads."""
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
