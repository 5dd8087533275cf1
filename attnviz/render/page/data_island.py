"""What a page knows: the data island that its script reads, and that Python can read back."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from typing import Any

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError
from attnviz.render.colors import PALETTES, Palette, find_palette, ink
from attnviz.render.data.json_document import described
from attnviz.render.page.map_facts import about, carries_vectors, kept, made, name_of
from attnviz.render.page.quantize import MOST, packed
from attnviz.render.safe_text import one_line, printable
from attnviz.render.style import Style

IN_SIGHT = 12  # queries down from the first, on any screen


def contents(amaps: Sequence[AttentionMap], style: Style) -> dict[str, Any]:
    """All maps, the palettes that suit them, and how the page is to begin."""
    refuse_too_much(amaps)
    signed = any(amap.signed for amap in amaps)
    first = amaps[0]
    return {
        "title": one_line(style.title or first.text or name_of(first)),
        "start": {
            "view": "compare" if style.view == "auto" and len(amaps) > 1 else style.view,
            "q": opening(first) if style.query is None else style.query,
            "palette": find_palette(style.palette, signed).name,
            "layer": next(iter(first.layers), 0),
            "head": next(iter(first.heads), 0),
        },
        "precision": 3 if style.precision is None else style.precision,
        "palettes": {row.name: colours(row) for row in PALETTES if row.diverging or not signed},
        "diverging": [row.name for row in PALETTES if row.diverging],
        "largest": max(float(np.abs(amap.weights).max(initial=0.0)) for amap in amaps),
        "maps": [record(amap, style, several=len(amaps) > 1) for amap in amaps],
    }


def opening(amap: AttentionMap) -> int:
    """The first query; where it sees one key alone, a later one that is still in sight."""
    seen = np.count_nonzero(amap.weights[:1, :1, :1])
    return min(len(amap.queries) - 1, IN_SIGHT) if seen == 1 and len(amap.keys) > 1 else 0


def record(amap: AttentionMap, style: Style, several: bool) -> dict[str, Any]:
    """One map: what the JSON document says of it, its arrays packed, its labels made visible."""
    said = described(amap, style)
    weights = packed(amap.weights, amap.signed, amap.hidden)
    return {
        **said,
        **about(amap, several),
        "made": made(said["meta"]),
        "kept": kept(amap, weights["top"]),
        "shown": {"queries": labels(amap.queries), "keys": labels(amap.keys)},
        "row_sum": amap.row_sum,
        "signed": amap.signed,
        "captions": {f"{layer}.{head}": said for (layer, head), said in style.captions.items()},
        "weights": weights,
        **vectors(amap),
    }


def vectors(amap: AttentionMap) -> dict[str, Any]:
    """Queries and keys as vectors, where the page is to carry them."""
    query, key = amap.query_vectors, amap.key_vectors
    if query is None or key is None or not carries_vectors(amap):
        return {}
    return {"query_vectors": packed(query, signed=True), "key_vectors": packed(key, signed=True)}


def labels(tokens: Sequence[Token]) -> list[str]:
    """Tokens as people may see them."""
    return [printable(token.label) for token in tokens]


def colours(palette: Palette) -> str:
    """A palette's 256 colours, four bytes each: the last is 0 for black ink, 255 for white."""
    inked = [(*rgb, ink(rgb)[0]) for rgb in palette.rgb.tolist()]
    return b64encode(np.array(inked, np.uint8).tobytes()).decode("ascii")


def refuse_too_much(amaps: Sequence[AttentionMap]) -> None:
    """A page that no browser could open is not written."""
    size = sum(amap.weights.size for amap in amaps)
    if size > MOST:
        raise MisuseError(
            f"a page holds up to {MOST:,} weights, and here are {size:,}. "
            "Keep fewer layers or heads (--layer, --head), or fewer tokens"
        )
