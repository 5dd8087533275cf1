"""Fallback without JavaScript: the first head as an SVG heatmap and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render.colors import ColorScale
from attnviz.render.safe_text import escape_text, escape_token, truncate
from attnviz.render.style import Style

MAX_TOKENS = 24  # per axis: what a reader can still make out
CELL, LEFT, TOP = 24, 110, 96


def noscript_html(amap: AttentionMap, style: Style) -> str:
    """A heatmap and a table of the first head, up to MAX_TOKENS queries and keys."""
    corner = (slice(None, MAX_TOKENS), slice(None, MAX_TOKENS))
    if not amap.weights.size:
        return "<p>This map has no weights.</p>"
    weights = amap.weights[0, 0][corner]
    masked = None
    if amap.visible is not None:
        masked = np.logical_not(np.broadcast_to(amap.visible, amap.weights.shape)[0, 0][corner])
    scale = ColorScale.of(amap.weights, signed=amap.signed, palette=style.palette)
    queries, keys = short_labels(amap.queries), short_labels(amap.keys)
    digits = 3 if style.precision is None else style.precision
    return "\n".join(
        (
            f"<p>{escape(noscript_caption(amap, scale))}</p>",
            heatmap_svg(weights, masked, queries, keys, scale),
            weights_table(weights, masked, queries, keys, digits),
        )
    )


def noscript_caption(amap: AttentionMap, scale: ColorScale) -> str:
    """Which head, tokens and color scale the heatmap shows."""
    n_query, n_key = len(amap.queries), len(amap.keys)
    first = escape_text(f"{amap.layer_label(0)}, {amap.head_label(0)}")
    cropped = (
        f"The first {min(n_query, MAX_TOKENS)} of {n_query} queries and the first "
        f"{min(n_key, MAX_TOKENS)} of {n_key} keys are shown. "
    )
    return (
        f"{first[:1].upper()}{first[1:]}. Rows: queries. Columns: keys. "
        f"Color scale: {scale.low:g} to {scale.high:g}; cells without color are masked. "
        f"{cropped if max(n_query, n_key) > MAX_TOKENS else ''}"
        "Enable JavaScript to explore all layers and heads."
    )


def short_labels(tokens: Sequence[Token]) -> list[str]:
    """The labels of the first MAX_TOKENS tokens, cut to the margin of the heatmap."""
    return [truncate(escape_token(token.label), 14) for token in tokens[:MAX_TOKENS]]


def heatmap_svg(
    weights: FloatArray,
    masked: BoolArray | None,
    queries: Sequence[str],
    keys: Sequence[str],
    scale: ColorScale,
) -> str:
    """A heatmap with token labels.    [query, key] -> SVG"""
    width, height = LEFT + CELL * len(keys) + TOP, TOP + CELL * len(queries)
    box = f'width="{width}" viewBox="0 0 {width} {height}" role="img" fill="currentColor"'
    parts = [f'<svg {box} font-family="sans-serif" font-size="12">']
    parts += ["<title>Attention weights of the first head</title>"]
    for q, query in enumerate(queries):
        y = TOP + CELL * q + 16
        parts.append(f'<text x="{LEFT - 8}" y="{y}" text-anchor="end">{escape(query)}</text>')
    for k, key in enumerate(keys):
        x = LEFT + CELL * k + 14
        rotation = f"rotate(-45 {x} {TOP - 8})"
        parts.append(f'<text x="{x}" y="{TOP - 8}" transform="{rotation}">{escape(key)}</text>')
    for q, row in enumerate(scale.rgb(weights)):
        for k, rgb in enumerate(row):
            is_masked = masked is not None and masked[q, k]
            fill = "none" if is_masked else f"#{bytes(rgb).hex()}"
            corner = f'x="{LEFT + CELL * k}" y="{TOP + CELL * q}"'
            parts.append(f'<rect {corner} width="{CELL - 1}" height="{CELL - 1}" fill="{fill}"/>')
    return "".join([*parts, "</svg>"])


def weights_table(
    weights: FloatArray,
    masked: BoolArray | None,
    queries: Sequence[str],
    keys: Sequence[str],
    digits: int,
) -> str:
    """A table of the weights.    [query, key] -> HTML"""
    head = "".join(f'<th scope="col">{escape(key)}</th>' for key in keys)
    rows = [f"<tr><th>query \\ key</th>{head}</tr>"]
    for q, query in enumerate(queries):
        texts = [f"{weight:.{digits}f}" for weight in weights[q].tolist()]
        if masked is not None:
            texts = ["masked" if out else text for out, text in zip(masked[q], texts, strict=True)]
        cells = "".join(f"<td>{text}</td>" for text in texts)
        rows.append(f'<tr><th scope="row">{escape(query)}</th>{cells}</tr>')
    return f"<table>{''.join(rows)}</table>"
