"""What is seen where scripts do not run: the first head as a drawing and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from html import escape

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render.colors import Scale
from attnviz.render.safe_text import fitted, printable
from attnviz.render.style import Style

MOST = 24  # tokens a side: a drawing and a table that people can still read
CELL, LEFT, TOP = 24, 110, 96


def still(amap: AttentionMap, style: Style) -> str:
    """A drawing and a table of the first head, or of as many of its tokens as fit."""
    corner = (slice(None, MOST), slice(None, MOST))
    if not amap.weights.size:
        return "<p>This map holds no weights.</p>"
    weights = amap.weights[0, 0][corner]
    hidden = None if amap.hidden is None else amap.hidden[0, 0][corner]
    scale = Scale.of(amap.weights, signed=amap.signed, palette=style.palette)
    queries, keys = labels(amap.queries), labels(amap.keys)
    digits = 3 if style.precision is None else style.precision
    return "\n".join(
        (
            f"<p>{escape(caption(amap, scale))}</p>",
            drawing(weights, hidden, queries, keys, scale),
            table(weights, hidden, queries, keys, digits),
        )
    )


def caption(amap: AttentionMap, scale: Scale) -> str:
    """What is drawn, and what is not."""
    n_query, n_key = len(amap.queries), len(amap.keys)
    shown = (
        f"The first {min(n_query, MOST)} of {n_query} queries and the first "
        f"{min(n_key, MOST)} of {n_key} keys are shown. "
    )
    cut = shown if max(n_query, n_key) > MOST else ""
    return (
        f"Layer {amap.layers[0]}, head {amap.heads[0]}. Rows are queries, which look at columns, "
        f"the keys. Colours go from {scale.low:g} to {scale.high:g}; cells without colour are "
        f"hidden. {cut}With scripts allowed, all layers and heads can be explored here."
    )


def labels(tokens: Sequence[Token]) -> list[str]:
    """The tokens that are shown, short enough for a margin."""
    return [fitted(printable(token.label), 14) for token in tokens[:MOST]]


def drawing(
    weights: FloatArray,
    hidden: BoolArray | None,
    queries: Sequence[str],
    keys: Sequence[str],
    scale: Scale,
) -> str:
    """Coloured cells with their tokens.    [query, key] -> SVG"""
    width, height = LEFT + CELL * len(keys) + TOP, TOP + CELL * len(queries)
    box = f'width="{width}" viewBox="0 0 {width} {height}" role="img" fill="currentColor"'
    parts = [f'<svg {box} font-family="sans-serif" font-size="12">']
    parts += ["<title>Attention weights of the first head</title>"]
    for q, query in enumerate(queries):
        y = TOP + CELL * q + 16
        parts.append(f'<text x="{LEFT - 8}" y="{y}" text-anchor="end">{escape(query)}</text>')
    for k, key in enumerate(keys):
        x = LEFT + CELL * k + 14
        turn = f"rotate(-45 {x} {TOP - 8})"
        parts.append(f'<text x="{x}" y="{TOP - 8}" transform="{turn}">{escape(key)}</text>')
    for q, row in enumerate(scale.rgb(weights)):
        for k, rgb in enumerate(row):
            shown = hidden is None or not hidden[q, k]
            fill = f"#{bytes(rgb).hex()}" if shown else "none"
            at = f'x="{LEFT + CELL * k}" y="{TOP + CELL * q}"'
            parts.append(f'<rect {at} width="{CELL - 1}" height="{CELL - 1}" fill="{fill}"/>')
    return "".join([*parts, "</svg>"])


def table(
    weights: FloatArray,
    hidden: BoolArray | None,
    queries: Sequence[str],
    keys: Sequence[str],
    digits: int,
) -> str:
    """The same cells as numbers.    [query, key] -> HTML"""
    head = "".join(f'<th scope="col">{escape(key)}</th>' for key in keys)
    rows = [f"<tr><th>query \\ key</th>{head}</tr>"]
    for q, query in enumerate(queries):
        said = [f"{weight:.{digits}f}" for weight in weights[q].tolist()]
        if hidden is not None:
            said = ["hidden" if out else cell for out, cell in zip(hidden[q], said, strict=True)]
        cells = "".join(f"<td>{cell}</td>" for cell in said)
        rows.append(f'<tr><th scope="row">{escape(query)}</th>{cells}</tr>')
    return f"<table>{''.join(rows)}</table>"
