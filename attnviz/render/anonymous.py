"""Maps without metadata of where they come from, for papers that are reviewed double-blind."""

from __future__ import annotations

from dataclasses import replace
from typing import cast

from attnviz.core.attention_map import AttentionMap
from attnviz.core.map_metadata import MapMetadata

# What outputs are drawn by: mechanism, reductions, comparison. Paths, texts, ids, commands,
# versions and everything unknown are left out.
KEPT = frozenset(
    (
        "source", "trained", "seed", "row_sum", "signed", "variant", "formula", "algebra",
        "composed", "simplified", "layer_plans", "layer_properties", "attention", "dim", "layers",
        "heads", "kv_heads",
        "padding", "roles", "predictions", "predictions_by_map", "pooled", "reduced", "words",
        "segments", "dropped", "key_positions", "reduced_layers", "reduced_heads", "mask",
        "density", "compared", "comparison", "alignment", "divergence", "row_divergence",
        "most_changed",
    )
)  # fmt: skip


def without_metadata(amap: AttentionMap) -> AttentionMap:
    """The map with its tokens, weights and what they are drawn by, and nothing else."""
    meta = {name: value for name, value in amap.meta.items() if name in KEPT}
    return replace(amap, text=None, context=None, meta=cast("MapMetadata", meta))
