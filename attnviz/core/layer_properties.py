"""Properties of the mechanisms of a map, by layer: pipeline, row sum, whether weights are signed.

A map states them for all its layers together. Where layers differ it states those of each, so that
a selection of layers has its own.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from typing import cast

from attnviz.core.map_metadata import LayerProperties, MapMetadata, RowSum, weakest_row_sum

# Keys of maps whose weights or layers were changed after they were computed.
CHANGED = (
    "pooled", "reduced", "segments", "dropped", "key_positions", "words", "compared",
    "comparison", "difference_from", "alignment", "padding",
)  # fmt: skip


def describe_layers(properties: Iterable[tuple[int, str, RowSum, bool]]) -> MapMetadata:
    """The properties of all layers, and those of each where they differ.

    Of each layer: its index, its pipeline, the sum of a row, and whether weights are signed.
    """
    groups: dict[tuple[str, RowSum, bool], list[int]] = {}
    for layer, pipeline, row_sum, signed in properties:
        groups.setdefault((pipeline, row_sum, signed), []).append(layer)
    return join_groups(
        [
            {"algebra": algebra, "row_sum": row_sum, "signed": signed, "layers": members}
            for (algebra, row_sum, signed), members in groups.items()
        ]
    )


def join_groups(groups: Sequence[LayerProperties]) -> MapMetadata:
    """The properties that hold for all groups of layers, and the groups if there are several."""
    meta: MapMetadata = {
        "algebra": "; ".join(dict.fromkeys(group["algebra"] for group in groups)),
        "row_sum": weakest_row_sum(group["row_sum"] for group in groups),
        "signed": any(group["signed"] for group in groups),
    }
    return meta if len(groups) == 1 else {**meta, "layer_properties": list(groups)}


def select_layer_properties(meta: MapMetadata, layers: Collection[int]) -> MapMetadata:
    """The metadata of some layers of a map, given by their original indices.

    It stays as it is where layers do not differ, and where the weights were changed since.
    """
    groups = meta.get("layer_properties")
    if groups is None or not meta.keys().isdisjoint(CHANGED):
        return meta
    selected: list[LayerProperties] = [
        {**group, "layers": members}
        for group in groups
        if (members := [layer for layer in group["layers"] if layer in layers])
    ]
    if sorted(layer for group in selected for layer in group["layers"]) != sorted(layers):
        return meta
    rest = {name: value for name, value in meta.items() if name != "layer_properties"}
    return cast("MapMetadata", {**rest, **join_groups(selected)})
