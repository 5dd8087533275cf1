"""Head facts: pattern, summary and measures of every head, from one pass over a map.

The pass takes a block of heads after the other, which stays in the processor's cache while
everything about it is computed, and the blocks run on several threads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.attention_map import AttentionMap
from attnviz.core.engine.parallel import map_tasks
from attnviz.measures.distance import with_causal_mask
from attnviz.measures.head_summary import HeadSummary, summarize_head
from attnviz.measures.once_per_map import share_text, take_block
from attnviz.record import Record

BLOCK_SIZE = 1 << 19  # weights
SORTING_MEASURES = ("entropy", "distance", "sink")  # names in `measures/table.py`

Place = tuple[int, int]  # layer and head, by their original indices
Block = tuple[slice, slice]  # layers and heads, by their indices in the map


class HeadFacts(Record, eq=False):
    """Pattern and score of each head that fits one, summary of each head, and some measures.

    Shapes: measures: name -> [layer, head], NaN where a measure is not defined
    """

    patterns: Mapping[Place, tuple[str, float]]
    summaries: Mapping[Place, HeadSummary]
    measures: Mapping[str, FloatArray]


def find_head_facts(
    amap: AttentionMap, *, has_patterns: bool = True, has_measures: bool = True
) -> HeadFacts:
    """The facts of all heads; without `has_patterns` no patterns, without `has_measures` none.

    Of a head that attends to a sink the pattern is that of its other weight, "induction without
    sink", if that fits one. Whether a map without a mask is causal depends on all its heads.
    """
    everything = np.ones((1, 1, 1, 1), dtype=bool)
    plain = replace(
        amap,
        visible=everything if amap.visible is None else amap.visible,
        query_vectors=None,
        key_vectors=None,
    )
    causal = None if amap.visible is not None else with_causal_mask(amap).visible

    def find_facts(block: Block) -> HeadFacts:
        part = take_block(plain, *block)
        masked = part if causal is None else share_text(part, replace(part, visible=causal))
        patterns = find_patterns(masked) if has_patterns else {}
        measures = measure_for_sorting(masked) if has_measures else {}
        return HeadFacts(patterns, summarize_heads(part), measures)

    blocks = head_blocks(*amap.weights.shape)
    facts = list(map_tasks(find_facts, blocks, is_large=amap.weights.size > 2 * BLOCK_SIZE))
    return HeadFacts(
        {place: pattern for one in facts for place, pattern in one.patterns.items()},
        {place: summary for one in facts for place, summary in one.summaries.items()},
        join_measures(amap.weights.shape[:2], blocks, facts),
    )


def head_blocks(n_layer: int, n_head: int, n_query: int, n_key: int) -> list[Block]:
    """Blocks of layers × heads, of about BLOCK_SIZE weights each, at least one head."""
    n_fit = max(1, BLOCK_SIZE // max(1, n_query * n_key))
    heads_at_once, layers_at_once = min(n_head, n_fit), max(1, n_fit // n_head)
    return [
        (slice(i, i + layers_at_once), slice(j, j + heads_at_once))
        for i in range(0, n_layer, layers_at_once)
        for j in range(0, n_head, heads_at_once)
    ]


def find_patterns(amap: AttentionMap) -> dict[Place, tuple[str, float]]:
    """The pattern and score of each head that fits a pattern, without the sink where it can be."""
    from attnviz.measures.patterns import best_patterns
    from attnviz.measures.sink_patterns import patterns_without_sink

    patterns = {
        (best.layer, best.head): (best.name, best.score)
        for best in best_patterns(amap)
        if best.name is not None
    }
    return patterns | patterns_without_sink(amap, patterns)


def summarize_heads(amap: AttentionMap) -> dict[Place, HeadSummary]:
    """The summary of each head of a map."""
    return {
        (layer, head): summarize_head(amap, i, j)
        for i, layer in enumerate(amap.layers)
        for j, head in enumerate(amap.heads)
    }


def measure_for_sorting(amap: AttentionMap) -> dict[str, FloatArray]:
    """The measures by which a page sorts heads, where defined.    -> name: [layer, head]"""
    from attnviz.measures.table import find_measure

    values = {name: find_measure(name).compute(amap) for name in SORTING_MEASURES}
    return {name: value for name, value in values.items() if value is not None}


def join_measures(
    shape: Shape, blocks: Sequence[Block], facts: Sequence[HeadFacts]
) -> dict[str, FloatArray]:
    """The measures of all blocks in one array each.    -> name: [layer, head]"""
    joined: dict[str, FloatArray] = {}
    for block, one in zip(blocks, facts, strict=True):
        for name, values in one.measures.items():
            joined.setdefault(name, np.full(shape, np.nan))[block] = values
    return joined
