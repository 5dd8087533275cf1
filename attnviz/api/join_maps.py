"""Joined map of a comparison: several maps and their differences as heads of one map."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from attnviz.core import subset
from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import DIVERGENCE_NOTE, ComparedHead, comparison_meta
from attnviz.core.map_metadata import MapMetadata, weakest_row_sum, without_predictions
from attnviz.core.rounded_text import format_rounded
from attnviz.measures.difference import difference, head_divergence
from attnviz.measures.row_mass import has_distribution_rows


def join_maps(
    maps: Mapping[str, AttentionMap],
    subject: str,
    each: str,
    alignment: str | None = None,
    *,
    differences: bool = True,
) -> AttentionMap:
    """Join maps as heads of one: per original head, each map and its difference from the first.

    Differences are labelled with their mean Jensen–Shannon divergence over layers, in bits, where
    the rows of both maps are distributions. `subject` is what the maps have in common, for the
    title; `each` names what they differ in ("each mechanism"). Without `differences` the joined
    map holds the maps alone.
    Shapes: each [layer, head, query, key] → [layer, head · (2 maps − 1), query, key],
        without differences [layer, head · maps, query, key]
    """
    (first_name, first), *others = maps.items()
    divergence = compute_divergence(first, others)
    changes = {name: difference(first, other) for name, other in others} if differences else {}
    columns: list[tuple[str, AttentionMap, int]] = []
    compared: list[ComparedHead] = []
    for j, head in enumerate(first.heads):
        for name, amap in maps.items():
            columns.append((f"{name} · {amap.head_label(j)}", amap, j))
            kind = "original" if name == first_name else "changed"
            compared.append(ComparedHead(name, kind, head))
        for name, change in changes.items():
            label = f"{name} − {first_name}"
            mean = ""
            if name in divergence:
                mean = f" · JS {format_rounded(divergence[name][:, j].mean(), 3)} bits"
            columns.append((label + mean, change, j))
            compared.append(ComparedHead(label, "difference", head))
    unit = DIVERGENCE_NOTE if divergence else "divergence not computed: rows are not distributions"
    notes = (
        (f"{each}, then its difference from the first", alignment, unit)
        if differences
        else (each, alignment)
    )
    meta: MapMetadata = {
        **without_predictions(first.meta),
        "variant": make_title(first, maps, subject),
        "algebra": "; ".join(filter(None, notes)),
        "compared": list(maps),
        **comparison_meta(compared),
        **join_plans(maps),
        **join_predictions(maps),
        **joint_reduction(maps.values()),
        "divergence": {name: values.tolist() for name, values in divergence.items()},
        "row_sum": "any"
        if differences
        else weakest_row_sum(amap.row_sum for amap in maps.values()),
        "signed": differences or any(amap.signed for amap in maps.values()),
    }
    if alignment is not None:
        meta["alignment"] = alignment
    return AttentionMap(
        queries=first.queries,
        keys=first.keys,
        weights=np.stack([amap.weights[:, j] for _, amap, j in columns], axis=1),
        visible=np.stack([subset.visible_pairs(amap)[:, j] for _, amap, j in columns], axis=1),
        layers=first.layers,
        names=tuple(name for name, _, _ in columns),
        text=first.text,
        context=first.context,
        meta=meta,
    )


def compute_divergence(
    first: AttentionMap, others: Iterable[tuple[str, AttentionMap]]
) -> dict[str, FloatArray]:
    """The divergence of maps from the first, by name, where rows are distributions.

    Shapes: → each [layer, head]
    """
    if not has_distribution_rows(first):
        return {}
    return {
        name: head_divergence(first, other)
        for name, other in others
        if has_distribution_rows(other)
    }


def join_plans(maps: Mapping[str, AttentionMap]) -> MapMetadata:
    """The layer plans of all maps, if there are any."""
    plans = {
        name: plan
        for amap in maps.values()
        for name, plan in amap.meta.get("layer_plans", {}).items()
    }
    return {"layer_plans": plans} if plans else {}


def join_predictions(maps: Mapping[str, AttentionMap]) -> MapMetadata:
    """The predictions of all maps, if there are any."""
    predictions = {
        name: amap.meta["predictions"] for name, amap in maps.items() if "predictions" in amap.meta
    }
    return {"predictions_by_map": predictions} if predictions else {}


def joint_reduction(maps: Iterable[AttentionMap]) -> MapMetadata:
    """How the heads and layers of each map were combined, where they were."""
    texts = dict.fromkeys(str(m.meta["reduced"]) for m in maps if "reduced" in m.meta)
    return {"reduced": "; ".join(texts)} if texts else {}


def make_title(first: AttentionMap, maps: Mapping[str, AttentionMap], subject: str) -> str:
    """What the maps have in common, their names, and the segments."""
    segments = str(first.meta.get("segments", "")) if not subject else ""
    return ", ".join(filter(None, (subject, " vs. ".join(maps), segments)))
