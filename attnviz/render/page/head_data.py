"""Heads for the page: their measures and patterns, and the names of their layers."""

from __future__ import annotations

from math import isfinite
from typing import Any

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.effects import map_effects
from attnviz.render.safe_text import escape_text
from attnviz.render.style import HeadMeasure, Style

DIGITS = 5  # decimals of measures


def head_data(amap: AttentionMap, style: Style) -> dict[str, Any]:
    """What the page sorts, filters and names heads by."""
    return {
        "measures": [measure_record(row) for row in style.measures],
        "patterns": [
            [pattern_record(style, layer, head) for head in amap.heads] for layer in amap.layers
        ],
        "pattern_summaries": dict(style.pattern_summaries),
        "layer_names": module_names(amap),
        "logit_lens": lens_data(amap),
    }


def lens_data(amap: AttentionMap) -> dict[str, Any] | None:
    """The logit lens as a table of printable texts, if the map has one."""
    effects = map_effects(amap)
    if effects is None or "logit_lens" not in effects:
        return None
    lens = effects["logit_lens"]
    return {
        "title": escape_text(lens["title"]),
        "columns": [escape_text(name) for name in lens["columns"]],
        "layers": lens["layers"],
        "rows": [[escape_text(text) for text in row] for row in lens["rows"]],
    }


def measure_record(row: HeadMeasure) -> dict[str, Any]:
    """A measure with its values [layer][head], null where it is not defined."""
    return {
        "name": escape_text(row.name),
        "summary": escape_text(row.summary),
        "unit": escape_text(row.unit),
        "low": row.low,
        "high": row.high if isfinite(row.high) else None,
        "lowest_first": row.is_lowest_first,
        "signed": row.is_signed,
        "note": escape_text(row.note),
        "values": nested_values(row.values),
    }


def nested_values(values: FloatArray) -> list[list[float | None]]:
    """Numbers as JSON, null for NaN.    [layer, head] -> nested lists"""
    return [[round(v, DIGITS) if isfinite(v) else None for v in row] for row in values.tolist()]


def pattern_record(style: Style, layer: int, head: int) -> dict[str, Any] | None:
    """The pattern of a head and its score, by its original indices; None if none fits."""
    name, score = style.patterns.get((layer, head), (None, 0.0))
    return None if name is None else {"name": name, "score": round(score, DIGITS)}


def module_names(amap: AttentionMap) -> list[str] | None:
    """The module of each layer, of a program that was watched; None for other maps."""
    modules: Any = amap.meta.get("modules")  # a file may hold anything
    is_valid = isinstance(modules, list | tuple) and len(modules) == amap.n_layer
    if not is_valid or not all(isinstance(name, str) for name in modules):
        return None
    return [escape_text(name) for name in modules]
