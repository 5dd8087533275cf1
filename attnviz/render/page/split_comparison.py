"""Split a comparison: one map per mechanism and per difference, shown side by side.

`attnviz compare` stores them as heads of a single map, in which images show them in turn.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import repeat
from typing import cast

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import compared_heads, compared_names
from attnviz.core.map_metadata import MapMetadata
from attnviz.render.style import HeadMeasure, Style

# Metadata of a comparison as a whole.
COMPARISON_KEYS = ("algebra", "compared", "comparison", "divergence", "predictions_by_map")


def split_maps(amap: AttentionMap) -> tuple[AttentionMap, ...]:
    """The maps of a comparison, each mechanism, then the differences; any other map alone."""
    groups = group_heads(amap)
    return tuple(extract_map(amap, name, heads) for name, heads in groups.items()) or (amap,)


def split_styles(amap: AttentionMap, style: Style) -> tuple[Style, ...]:
    """What is known about the heads of each map of a comparison, in the order of `split_maps`."""
    return tuple(
        replace(
            style,
            captions={},
            patterns={},
            measures=[
                select_heads(row, [amap.heads.index(i) for i, _ in heads])
                for row in style.measures
            ],
        )
        for heads in group_heads(amap).values()
    )


def select_heads(row: HeadMeasure, heads: Sequence[int]) -> HeadMeasure:
    """A measure of some heads, by their indices.    [layer, head] -> [layer, fewer heads]"""
    return replace(row, values=row.values[:, list(heads)])


def group_heads(amap: AttentionMap) -> dict[str, list[tuple[int, int]]]:
    """The heads of each map of a comparison, by its name: their indices here and there.

    Empty for any other map.
    """
    groups: dict[str, list[tuple[int, int]]] = {name: [] for name in compared_names(amap)}
    for index, compared in zip(amap.heads, compared_heads(amap), strict=False):
        groups.setdefault(compared.name, []).append((index, compared.head))
    groups = {name: heads for name, heads in groups.items() if heads}
    return groups if all(are_distinct(heads) for heads in groups.values()) else {}


def are_distinct(heads: list[tuple[int, int]]) -> bool:
    """Whether the original heads of a map are distinct; false in a malformed file."""
    return len({original for _, original in heads}) == len(heads)


def extract_map(amap: AttentionMap, name: str, heads: list[tuple[int, int]]) -> AttentionMap:
    """One map of a comparison: some of its heads, under their original indices."""
    selection = amap.select(heads=[index for index, _ in heads])
    meta = {key: value for key, value in selection.meta.items() if key not in COMPARISON_KEYS}
    sums_to_1 = bool(np.allclose(selection.weights.sum(-1), 1.0, atol=1e-5))
    map_meta: MapMetadata = {
        "name": name,
        "variant": name,
        "signed": bool((selection.weights < 0).any()),
        "row_sum": "1" if sums_to_1 else "any",
    }
    predictions = amap.meta.get("predictions_by_map", {})
    if name in predictions:
        map_meta["predictions"] = predictions[name]
    original = tuple(head for _, head in heads)
    kinds = {compared.name: compared.kind for compared in compared_heads(amap)}
    rests = (label.removeprefix(f"{name} · ").removeprefix(name) for label in selection.names)
    names = tuple(map(name_head, rests, original, repeat(kinds[name])))
    map_meta = cast("MapMetadata", meta | map_meta)
    return replace(selection, heads=original, names=names, meta=map_meta)


def name_head(label: str, head: int, kind: str) -> str:
    """The name of a head of a map, from its label without the name of the map.

    The label of a difference is its divergence, if there is one.

    >>> name_head("head 3", 3, "changed")
    'head 3'
    >>> name_head("JS 0.04 bits", 3, "difference")
    'head 3 · JS 0.04 bits'
    """
    if kind == "difference":
        return f"head {head} · {label}" if label else f"head {head}"
    return label
