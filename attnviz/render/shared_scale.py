"""Shared scale: one color scale for several maps, so that equal colors are equal weights."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record
from attnviz.render.head_scales import HeadScales
from attnviz.render.scaling import Scaling
from attnviz.render.style import Style


class ScaleEnds(Record):
    """What the color scale of one map would be."""

    low: float
    high: float
    norm: str
    is_centered: bool

    @classmethod
    def of(cls, amap: AttentionMap, style: Style) -> ScaleEnds:
        """The scale of the weights of a map, with the limits that are requested."""
        scaling = Scaling.of(amap, style, style.view)
        scale = HeadScales.of(amap, style.palette, scaling=scaling).weights
        return cls(scale.low, scale.high, scale.norm.name, scale.is_centered)


def share_scale(style: Style, all_ends: Iterable[ScaleEnds]) -> Style:
    """The style with the scale that holds the weights of all maps.

    Where the scales of some maps are centered at 0, so are the limits of all; where long texts
    have another norm, all maps have it.
    """
    ends = list(all_ends)
    if not ends:
        return style
    norms = [each.norm for each in ends if each.norm != "linear"]
    centered = any(each.is_centered for each in ends)
    norm = ("sqrt" if centered else norms[0]) if norms else "linear"
    low = min(each.low for each in ends)
    if norm == "log":
        low = min(each.low for each in ends if each.low > 0)
    return replace(
        style,
        vmin=None if centered else low,
        vmax=max(each.high for each in ends),
        norm=style.norm or norm,
        robust=False,
    )
