"""Vega-Lite: a specification of the heatmaps with their data, to edit or to embed."""

from __future__ import annotations

import json as standard
from typing import Any

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import visible_pairs
from attnviz.core.tokens import Tokens
from attnviz.errors import MisuseError
from attnviz.render.colors import ColorScale
from attnviz.render.data.json_document import ESCAPES
from attnviz.render.head_scales import HeadScales
from attnviz.render.provenance import untrained_note
from attnviz.render.safe_text import escape_text, escape_token
from attnviz.render.scaling import Scaling
from attnviz.render.style import Style

SCHEMA = "https://vega.github.io/schema/vega-lite/v5.json"
MAX_WEIGHTS = 250_000  # marks that a browser draws in a moment
N_COLOR = 17  # colors of the scale, between which Vega interpolates
SIDE = 20  # pixels of a cell
DIGITS = 6  # significant digits of weights


def vega_lite(amap: AttentionMap, style: Style) -> bytes:
    """The specification as one JSON document.

    Raises MisuseError for more weights than a browser draws, and for maps with two scales.
    """
    n_weight = amap.weights.size
    if n_weight > MAX_WEIGHTS:
        raise MisuseError(
            f"a Vega-Lite specification holds up to {MAX_WEIGHTS:,} weights, this map has "
            f"{n_weight:,}; select fewer layers or heads (--layer, --head)"
        )
    scales = HeadScales.of(amap, style.palette, scaling=Scaling.of(amap, style, "matrix"))
    if scales.differences is not None:
        raise MisuseError(
            "a Vega-Lite specification has one color scale, a comparison has two; write the "
            "maps one by one, or a difference with `attnviz diff`"
        )
    text = standard.dumps(specification(amap, style, scales.weights), indent=1)
    for sign, escape in ESCAPES.items():
        text = text.replace(sign, escape)
    return text.encode() + b"\n"


def specification(amap: AttentionMap, style: Style, scale: ColorScale) -> dict[str, Any]:
    """The specification: data, the labels of tokens, and one small heatmap per head."""
    title = escape_text(style.title or amap.title) if style.show_title else ""
    subtitle = escape_text(untrained_note(amap) or "")
    labels = {"queries": token_labels(amap.queries), "keys": token_labels(amap.keys)}
    return {
        "$schema": SCHEMA,
        "title": {"text": title, "subtitle": subtitle, "anchor": "start"},
        "params": [{"name": name, "value": value} for name, value in labels.items()],
        "data": {"values": rows(amap)},
        "facet": {
            "row": {"field": "layer", "type": "ordinal", "title": "layer"},
            "column": {"field": "head", "type": "ordinal", "title": "head", "sort": None},
        },
        "spec": {
            "width": {"step": SIDE},
            "height": {"step": SIDE},
            "mark": {"type": "rect", "tooltip": {"content": "data"}},
            "encoding": {
                "x": axis("key_position", "key", "keys"),
                "y": axis("query_position", "query", "queries"),
                "color": {
                    "field": "weight",
                    "type": "quantitative",
                    "scale": color_scale(scale),
                    "legend": {"format": ".0%"} if style.percent else {},
                },
            },
        },
    }


def axis(field: str, title: str, labels: str) -> dict[str, Any]:
    """Positions on an axis, labelled with the tokens of a parameter."""
    return {
        "field": field,
        "type": "ordinal",
        "axis": {"title": title, "labelExpr": f"{labels}[datum.value]", "ticks": False},
    }


def color_scale(scale: ColorScale) -> dict[str, Any]:
    """The palette, the limits and the norm; weights outside have the colors of the limits."""
    colors = scale.palette.rgb[np.linspace(0, 255, N_COLOR).astype(int)].tolist()
    kind = scale.norm.name
    return {
        "type": {"linear": "linear", "sqrt": "pow", "log": "log"}[kind],
        **({"exponent": 0.5} if kind == "sqrt" else {}),
        "domain": [scale.low, scale.high],
        "range": ["#" + bytes(color).hex() for color in colors],
        "clamp": True,
    }


def rows(amap: AttentionMap) -> list[dict[str, Any]]:
    """One row per pair that is not masked."""
    queries, keys = token_labels(amap.queries), token_labels(amap.keys)
    visible = visible_pairs(amap)
    return [
        {
            "layer": amap.layers[i],
            "head": escape_text(amap.names[j]) if amap.names else amap.heads[j],
            "query": queries[q],
            "key": keys[k],
            "query_position": q,
            "key_position": k,
            "weight": float(f"{amap.weights[i, j, q, k]:.{DIGITS}g}"),
        }
        for i, j, q, k in np.argwhere(visible).tolist()
    ]


def token_labels(tokens: Tokens) -> list[str]:
    """The printable labels of tokens."""
    return [escape_token(token.label) for token in tokens]
