"""Color scales that were requested, for the page: limits and norm, and what is outside of them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import visible_pairs
from attnviz.render.colors import ColorScale
from attnviz.render.scaling import Scaling, visible_sample
from attnviz.render.style import Style


def scale_records(
    amaps: Sequence[AttentionMap], style: Style, palettes: dict[bool, str]
) -> list[dict[str, Any] | None]:
    """The requested scale of each map; None where none was requested.

    Maps of one kind, signed or not, share a scale. The requested limits are those of the kind of
    the first map; differences beside weights have the norm alone, as in figures (`HeadScales`).
    `palettes` has the palette of each kind, signed or not.

    Raises MisuseError for limits or a norm that a scale cannot have.
    """
    if (style.vmin, style.vmax, style.norm, style.robust) == (None, None, None, False):
        return [None] * len(amaps)
    records: dict[bool, dict[str, Any]] = {}
    for signed in {amap.signed for amap in amaps}:
        scaling = Scaling(
            vmin=style.vmin, vmax=style.vmax, robust=style.robust, norm=style.norm or "linear"
        )
        if signed != amaps[0].signed:
            norm = None if style.norm == "log" else scaling.norm
            scaling = Scaling(robust=style.robust, norm=norm)
        like_it = [amap for amap in amaps if amap.signed == signed]
        records[signed] = scale_record(like_it, scaling, palettes[signed])
    return [records[amap.signed] for amap in amaps]


def scale_record(amaps: Sequence[AttentionMap], scaling: Scaling, palette: str) -> dict[str, Any]:
    """One scale of maps that are all signed, or all not: its ends, its norm and its note."""
    signed = amaps[0].signed
    norm = scaling.norm or ("sqrt" if signed else "log")
    samples = [visible_sample(amap.weights, amap.visible) for amap in amaps]
    limits = scaling.vmin, scaling.high_limit(np.concatenate(samples))
    scales = [
        ColorScale.of(amap.weights, signed=signed, palette=palette, limits=limits, norm=norm)
        for amap in amaps
    ]
    high = max(scale.high for scale in scales)
    limits = scaling.vmin, high
    scales = [
        ColorScale.of(amap.weights, signed=signed, palette=palette, limits=limits, norm=norm)
        for amap in amaps
    ]
    scale = min(scales, key=lambda each: each.low)
    parts = [scale.outside(amap.weights, ~visible_pairs(amap)) for amap in amaps]
    below, above = (np.concatenate(part) for part in zip(*parts, strict=True))
    return {
        "low": scale.low,
        "high": scale.high,
        "norm": norm,
        "centered": scale.is_centered,
        "note": scale.describe_outside(below, above),
    }
