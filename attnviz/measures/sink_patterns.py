"""Patterns of heads that attend to a sink, in the weight that is not on the sink."""

from __future__ import annotations

from collections.abc import Mapping

from attnviz.core.attention_map import AttentionMap
from attnviz.measures.distance import with_causal_mask
from attnviz.measures.patterns import PATTERNS, mean_weight_on
from attnviz.measures.sink import sink_cells
from attnviz.measures.table import MEASURES, SINK_PATTERNS

Patterns = Mapping[tuple[int, int], tuple[str, float]]  # by layer and head: name and score
LEAST_REST = 0.05  # weight off the sinks below which a head is not named by it
NAMES = [pattern.name for pattern in PATTERNS]


def patterns_without_sink(
    amap: AttentionMap, patterns: Patterns, at_least: float = 0.5
) -> dict[tuple[int, int], tuple[str, float]]:
    """The best pattern without the sink, of heads whose pattern is a sink, if it fits one.

    Heads with less than LEAST_REST of their weight off the sinks have none.

    Shapes: [layer, head, query, key] -> ("induction without sink", score) by layer and head
    """
    heads = [at for at, (name, _) in patterns.items() if name in SINK_PATTERNS]
    sink = mean_weight_on(amap, sink_cells(amap))
    if not heads or sink is None:
        return {}
    rows = [row for row in MEASURES if row.base in NAMES]
    amap = with_causal_mask(amap)
    values = {row.name: row.compute(amap) for row in rows}
    found = {}
    for layer, head in heads:
        at = amap.layers.index(layer), amap.heads.index(head)
        scores = {name: float(value[at]) for name, value in values.items() if value is not None}
        best = max(scores, key=lambda name: scores[name], default="")
        if best and scores[best] >= at_least and sink[at] <= 1.0 - LEAST_REST:
            found[layer, head] = (best, scores[best])
    return found
