"""Patterns of heads that attend to a sink, in the weight that is not on the sink."""

from __future__ import annotations

from collections.abc import Mapping

from attnviz.core.attention_map import AttentionMap
from attnviz.measures.distance import with_causal_mask
from attnviz.measures.patterns import PATTERNS
from attnviz.measures.table import MEASURES, SINK_PATTERNS

Patterns = Mapping[tuple[int, int], tuple[str, float]]  # by layer and head: name and score
NAMES = [pattern.name for pattern in PATTERNS]


def patterns_without_sink(
    amap: AttentionMap, patterns: Patterns, at_least: float = 0.5
) -> dict[tuple[int, int], tuple[str, float]]:
    """The best pattern without the sink, of heads whose pattern is a sink, if it fits one.

    Shapes: [layer, head, query, key] -> ("induction without sink", score) by layer and head
    """
    sinks = [at for at, (name, _) in patterns.items() if name in SINK_PATTERNS]
    if not sinks:
        return {}
    rows = [row for row in MEASURES if row.base in NAMES]
    amap = with_causal_mask(amap)
    values = {row.name: row.compute(amap) for row in rows}
    found = {}
    for layer, head in sinks:
        at = amap.layers.index(layer), amap.heads.index(head)
        scores = {name: float(value[at]) for name, value in values.items() if value is not None}
        best = max(scores, key=lambda name: scores[name], default="")
        if best and scores[best] >= at_least:
            found[layer, head] = (best, scores[best])
    return found
