"""Fallback without JavaScript: the first head as an SVG heatmap and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render.colors import ColorScale
from attnviz.render.palette import Bytes
from attnviz.render.safe_text import escape_text, escape_token, truncate
from attnviz.render.style import Style

MAX_TOKENS = 24  # per axis: what a reader can still make out
CELL, LEFT, TOP = 24, 110, 96
SIZE = ".95"  # of the colored part of a cell


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
    parts.append(f'<g text-anchor="end" transform="translate({LEFT - 8} {TOP + 16})">')
    parts += [f'<text y="{CELL * q}">{escape(query)}</text>' for q, query in enumerate(queries)]
    step = CELL * np.sqrt(0.5)  # columns, along axes that are rotated by 45 degrees
    parts.append(f'</g><g transform="translate({LEFT + 14} {TOP - 8})rotate(-45)">')
    parts += [
        f'<text x="{step * k:.1f}" y="{step * k:.1f}">{escape(key)}</text>'
        for k, key in enumerate(keys)
    ]
    cells = cell_paths(scale.rgb(weights), masked)
    place = f'transform="translate({LEFT} {TOP + CELL / 2})scale({CELL})" stroke-width="{SIZE}"'
    return "".join([*parts, f"</g><g {place}>{cells}</g></svg>"])


def cell_paths(colors: Bytes, masked: BoolArray | None) -> str:
    """The cells as one path per color, a stroke per cell; none where masked.

    A cell so takes 10 bytes, a rectangle of its own 60.
    Shapes: [query, key, 3], [query, key] -> SVG
    """
    strokes: dict[str, list[str]] = {}
    for q, row in enumerate(colors):
        for k, rgb in enumerate(row):
            if masked is None or not masked[q, k]:
                strokes.setdefault(bytes(rgb).hex(), []).append(f"M{k} {q}h{SIZE}")
    return "".join(
        f'<path stroke="#{color}" d="{"".join(path)}"/>' for color, path in strokes.items()
    )


def weights_table(
    weights: FloatArray,
    masked: BoolArray | None,
    queries: Sequence[str],
    keys: Sequence[str],
    digits: int,
) -> str:
    """A table of the weights.    [query, key] -> HTML"""
    head = "".join(f"<th scope=col>{escape(key)}" for key in keys)
    rows = [f"<tr><th>query \\ key{head}"]
    for q, query in enumerate(queries):
        texts = [f"{weight:.{digits}f}" for weight in weights[q].tolist()]
        if masked is not None:
            texts = ["masked" if out else text for out, text in zip(masked[q], texts, strict=True)]
        cells = "".join(f"<td>{text}" for text in texts)  # HTML needs no end tags of cells
        rows.append(f"<tr><th scope=row>{escape(query)}{cells}")
    return f"<table>{''.join(rows)}</table>"
