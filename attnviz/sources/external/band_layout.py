"""Attention whose keys are offsets in a window, as attention over all tokens."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from attnviz.sources.external.axes import ORDER, order_axes
from attnviz.sources.external.band import Band, expand_band, find_band
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.to_numpy import to_numpy


def find_unnamed_band(raw: RawAttention, selection: Selection) -> Band | None:
    """A band among arrays without names, or one that the caller states."""
    is_array = not (raw.has_order or raw.is_cross or raw.is_vector)
    if not is_array and selection.layout != "band":
        return None
    return find_band("self", order_axes(raw.weights, raw.axes), {}, selection.layout)


def expand_offsets(raw: RawAttention, band: Band, selection: Selection) -> RawAttention:
    """Attention whose keys are offsets in a window, as attention over all tokens."""
    weights = order_axes(raw.weights, raw.axes)
    flags = selection.attention_mask
    for mask in raw.masks if flags is None else ():
        flags = mask.values if mask.name == "attention_mask" else flags
    padding = None if flags is None else np.atleast_2d(to_numpy(flags, "attention_mask")) == 0
    if padding is not None and padding.shape != (weights.shape[1], weights.shape[3]):
        padding = None  # refused, or stated, where masks are applied
    square = expand_band(weights, band, padding)
    return replace(
        raw,
        weights=square.weights,
        visible=square.visible,
        axes=ORDER,
        guesses=(*raw.guesses, *square.guesses),
    )
