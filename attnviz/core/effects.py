"""Effects of heads in the metadata of a map: measures by head, and the logit lens by layer.

They are part of its JSON document and of its page (`MapMetadata.effects`).
"""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite
from typing import Any, NotRequired, TypedDict

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap


class EffectValues(TypedDict):
    """A measure of the effect of each head, by "layer.head"; signed ones rank by magnitude."""

    name: str
    unit: str
    summary: str
    signed: bool
    values: dict[str, float]


class LensTable(TypedDict):
    """The logit lens: one row of texts per layer, −1 for the embeddings."""

    title: str
    columns: list[str]
    layers: list[int]
    rows: list[list[str]]


class Effects(TypedDict):
    """Effects of the heads of a map; `notes` state of which text and prediction they are."""

    notes: list[str]
    measures: list[EffectValues]
    logit_lens: NotRequired[LensTable]


def effect_values(amap: AttentionMap, measure: EffectValues) -> FloatArray:
    """A measure for the heads of this map, NaN where it is not stated.    -> [layer, head]"""
    values = measure["values"]
    return np.array(
        [[values.get(f"{i}.{j}", np.nan) for j in amap.heads] for i in amap.layers], np.float64
    ).reshape(amap.n_layer, amap.n_head)


def map_effects(amap: AttentionMap) -> Effects | None:
    """The effects of a map; None without any, and where its heads are not those of the model."""
    meta = amap.meta
    is_other = amap.names or meta.get("source") == "difference" or "reduced" in meta
    return None if is_other else meta.get("effects")


def is_effects(value: Any) -> bool:
    """Whether a value of a file holds effects."""
    if not isinstance(value, Mapping) or not are_texts(value.get("notes")):
        return False
    measures, lens = value.get("measures"), value.get("logit_lens")
    return (
        isinstance(measures, list)
        and all(map(is_measure, measures))
        and (lens is None or is_lens(lens))
    )


def is_measure(value: Any) -> bool:
    """Whether a value is a measure of effects."""
    texts = ("name", "unit", "summary")
    return (
        isinstance(value, Mapping)
        and are_texts([value.get(name) for name in texts])
        and isinstance(value.get("signed"), bool)
        and isinstance(value.get("values"), Mapping)
        and all(is_number(number) for number in value["values"].values())
    )


def is_lens(value: Any) -> bool:
    """Whether a value is the table of a logit lens."""
    if not isinstance(value, Mapping) or not isinstance(value.get("title"), str):
        return False
    columns, layers, rows = (value.get(name) for name in ("columns", "layers", "rows"))
    return (
        isinstance(columns, list)
        and are_texts(columns)
        and isinstance(layers, list)
        and all(type(layer) is int for layer in layers)
        and isinstance(rows, list)
        and len(rows) == len(layers)
        and all(are_texts(row) and len(row) == len(columns) for row in rows)
    )


def are_texts(value: Any) -> bool:
    """Whether a value is a list of strings."""
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def is_number(value: Any) -> bool:
    """Whether a value is a finite number."""
    return isinstance(value, int | float) and not isinstance(value, bool) and isfinite(value)
