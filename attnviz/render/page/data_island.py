"""Data island: the JSON inside a page, read by its script and by `attnviz render`.

Its keys are a file format: `sources/external/attnviz_html.py` reads maps back from them.
"""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from attnviz.core.arrays import largest_magnitude
from attnviz.core.attention_map import AttentionMap
from attnviz.core.effects import effect_values, map_effects
from attnviz.errors import MisuseError
from attnviz.render.colors import contrast_levels, find_palette
from attnviz.render.data.json_document import document_header
from attnviz.render.page.head_data import head_data
from attnviz.render.page.map_facts import (
    carries_vectors,
    describe_map,
    map_name,
    map_pipeline,
    meta_lines,
    precision_note,
)
from attnviz.render.page.prediction_data import prediction_data
from attnviz.render.page.quantize import MAX_WEIGHTS, quantize
from attnviz.render.page.scale_data import scale_records
from attnviz.render.page.score_fits import MAX_WEIGHTS as MAX_STEPS_WEIGHTS
from attnviz.render.page.score_fits import score_steps
from attnviz.render.page.token_data import token_data
from attnviz.render.palette import PALETTES, Palette
from attnviz.render.safe_text import escape_text
from attnviz.render.style import SEPARATOR, Style

PLAIN_PALETTE = "Blues"  # by default: its zero is the color of paper
FIRST_SCREEN_QUERIES = 12  # rows of a matrix that fit on any screen without scrolling


def page_data(
    amaps: Sequence[AttentionMap], style: Style, map_styles: Sequence[Style] = ()
) -> dict[str, Any]:
    """All maps, the palettes that suit them, and the initial state of the page, for `json_chunks`.

    `map_styles` has what is known about the heads of each map; by default `style` has it.
    Arrays are quantized while they are written, which is why it can be written once.
    """
    check_size(amaps)
    signed = all(amap.signed for amap in amaps)  # else weights and differences
    has_signed = any(amap.signed for amap in amaps)
    first = amaps[0]
    palette = find_palette(style.palette or (None if signed else PLAIN_PALETTE), signed)
    palettes = tuple(dict.fromkeys((*PALETTES, palette)))
    by_kind = {True: find_palette(None, signed=True).name, False: PLAIN_PALETTE}
    scales = scale_records(amaps, style, by_kind | {first.signed: palette.name})
    return {
        "title": escape_text(style.title or page_title(first, style)),
        "start": {
            "view": "compare" if style.view == "auto" and len(amaps) > 1 else style.view,
            "q": initial_query(first) if style.query is None else style.query,
            "palette": palette.name,
            "scale": "map" if scales[0] is None else "requested",
            **initial_head(first),
        },
        "precision": 3 if style.precision is None else style.precision,
        "palettes": {
            row.name: encode_palette(row) for row in palettes if row.is_diverging or not signed
        },
        "diverging": [row.name for row in palettes if row.is_diverging],
        # Of maps that the selected palette does not suit.
        "defaults": {
            "signed": find_palette(None, signed=True).name,
            "plain": PLAIN_PALETTE if has_signed and not signed else None,
        },
        "largest": largest_weight(amaps),
        "choice": "map",
        "maps": iter(
            [
                {
                    **map_data(amap, each, several=len(amaps) > 1),
                    "largest": largest_weight(
                        other for other in amaps if other.signed == amap.signed
                    ),
                    "scale": scale,
                }
                for amap, each, scale in zip(
                    amaps, map_styles or [style] * len(amaps), scales, strict=True
                )
            ]
        ),
    }


def page_title(first: AttentionMap, style: Style) -> str:
    """The text, or both texts of two; else the file that is rendered, or the first map."""
    other = first.meta.get("other_text")
    if other:
        return f"{first.text} vs. {other}"
    texts = (first.text, first.context or first.meta.get("pair"))
    return SEPARATOR.join(map(str, filter(None, texts))) or style.source_name or map_name(first)


def largest_weight(amaps: Iterable[AttentionMap]) -> float:
    """The largest magnitude of the weights of maps, which they share a scale up to."""
    return max(largest_magnitude(amap.weights) for amap in amaps)


def initial_query(amap: AttentionMap) -> int:
    """The query selected at first: 0, or a later one if query 0 attends to a single key."""
    n_attended = np.count_nonzero(amap.weights[:1, :1, :1])
    if n_attended == 1 and len(amap.keys) > 1:
        return min(len(amap.queries) - 1, FIRST_SCREEN_QUERIES)
    return 0


def initial_head(amap: AttentionMap) -> dict[str, int]:
    """The head selected at first: of a map with effects the one of the largest, else the first."""
    effects = map_effects(amap)
    if effects is not None and effects["measures"]:
        values = np.abs(effect_values(amap, effects["measures"][0]))
        if np.isfinite(values).any():
            i, j = np.unravel_index(np.nanargmax(values), values.shape)
            return {"layer": amap.layers[i], "head": amap.heads[j]}
    return {"layer": next(iter(amap.layers), 0), "head": next(iter(amap.heads), 0)}


def map_data(amap: AttentionMap, style: Style, several: bool) -> dict[str, Any]:
    """One map: the fields of its JSON document, with quantized arrays and printable labels."""
    document = document_header(amap, style)
    weights = quantize(amap.weights, amap.signed, amap.visible)
    return {
        **document,
        **describe_map(amap, several),
        "made": meta_lines(document["meta"]),
        "kept": precision_note(amap, weights),
        **token_data(amap),
        **head_data(amap, style),
        "row_sum": amap.row_sum,
        "signed": amap.signed,
        "captions": {f"{layer}.{head}": text for (layer, head), text in style.captions.items()},
        "weights": weights,
        **prediction_data(amap, style),
        **vector_data(amap),
    }


def vector_data(amap: AttentionMap) -> dict[str, Any]:
    """Query and key vectors, if the page includes them, and how weights follow from them."""
    query, key = amap.query_vectors, amap.key_vectors
    if query is None or key is None or not carries_vectors(amap):
        return {}
    steps = score_steps(amap)
    return {
        "query_vectors": quantize(query, signed=True),
        "key_vectors": quantize(key, signed=True),
        "score_steps": steps,
        "no_steps": "" if all(steps) else no_steps_note(amap),
    }


def no_steps_note(amap: AttentionMap) -> str:
    """Why a page does not show how the weights follow from the vectors."""
    if amap.weights[:1].size > MAX_STEPS_WEIGHTS:
        most = f"{MAX_STEPS_WEIGHTS:,}"
        return f"The steps from q·k to weights are shown for up to {most} weights of a layer."
    pipeline = map_pipeline(amap)
    return (
        "The steps from q·k to weights are not shown: the weights do not follow from these "
        "vectors by scale, soft cap, bias of the distance, softmax, sink or sigmoid alone"
        f"{f' ({pipeline})' if pipeline else ''}. The command attnviz explain shows the steps."
    )


def encode_palette(palette: Palette) -> str:
    """A palette as base64: 256 × (red, green, blue, ink), with ink 0 for black, 255 for white."""
    inks = contrast_levels(palette.rgb)[:, None]
    return b64encode(np.concatenate([palette.rgb, inks], axis=1).tobytes()).decode("ascii")


def check_size(amaps: Sequence[AttentionMap], n_other: int = 0) -> None:
    """Raises MisuseError for more weights than a browser can open, `n_other` of other maps."""
    n_weight = n_other + sum(amap.weights.size for amap in amaps)
    if n_weight > MAX_WEIGHTS:
        raise MisuseError(
            f"an HTML page holds up to {MAX_WEIGHTS:,} weights, these maps have {n_weight:,}. "
            "Select fewer layers or heads (--layer, --head), or use fewer tokens"
        )
