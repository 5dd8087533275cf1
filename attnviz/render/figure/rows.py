"""The rows view: one row of bars per query, one bar per key."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.render.figure.colorbar import format_tick
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.figure_plan import FigurePlan
from attnviz.render.figure.highlight import draw_highlights
from attnviz.render.figure.matrix import draw_remainder
from attnviz.render.figure.panels import Panel, plan_small_multiples
from attnviz.render.figure.titles import HAIR

TALLEST = 0.88  # height of a full bar, in rows
HALF = 0.4  # half the width of a bar, in cells
POSITIVE, NEGATIVE = 0.55, 0.15  # positions of the bar colors on the palette


def plan_rows_view(drawable: Drawable) -> FigurePlan:
    """Each head as rows of bars, all on one scale."""
    scales = drawable.scales.by_name
    ends = [
        format_tick(scale.high, drawable.style.percent) + (f" ({name})" if len(scales) > 1 else "")
        for name, scale in scales.items()
    ]
    full_bar = f"full bar = {', '.join(ends)}"
    return plan_small_multiples(drawable, draw_bar_rows, bars=full_bar)


def draw_bar_rows(panel: Panel) -> None:
    """Draw the bars of one head, and ∅ or Σ beside them."""
    column, weights = panel.drawable.remainder, panel.weights
    draw_bars(panel, weights, np.arange(weights.shape[1], dtype=np.float64))
    panel.axes.hlines(
        np.arange(1, len(weights)) - 0.5, -0.5, weights.shape[1] - 0.5, color=HAIR, linewidth=0.4
    )
    if column is not None:
        draw_remainder(panel, column)
    draw_highlights(panel.axes, panel.drawable.highlights, weights.shape[1])


def draw_bars(panel: Panel, values: FloatArray, positions: FloatArray) -> None:
    """Draw bars from the bottom of their row; on a centered scale from its middle.

    Shapes: values [query, bar], positions [bar]
    """
    from matplotlib.collections import PolyCollection

    scale = panel.drawable.scale
    bottom = np.arange(len(values))[:, None] + (0.0 if scale.is_centered else TALLEST / 2)
    unit = TALLEST / (2 if scale.is_centered else 1) / scale.high
    positive = 1 - NEGATIVE if scale.is_centered else POSITIVE
    signs = (np.maximum(values, 0), positive), (np.minimum(values, 0), NEGATIVE)
    for part, color_position in signs:
        if part.any():
            outlines = bar_outlines(bottom, bottom - part * unit, positions)
            color = scale.palette.rgb[round(color_position * 255)] / 255
            panel.axes.add_collection(PolyCollection(list(outlines), facecolor=color, linewidth=0))


def bar_outlines(bottom: FloatArray, tops: FloatArray, positions: FloatArray) -> FloatArray:
    """The bars of each row as one outline.    [row, 1], [row, bar], [bar] -> [row, corner, 2]"""
    n_row, n_bar = tops.shape
    x = np.broadcast_to(
        positions[:, None] + np.array([-HALF, -HALF, HALF, HALF]), (n_row, n_bar, 4)
    )
    bottoms = np.broadcast_to(bottom, tops.shape)
    y = np.stack([bottoms, tops, tops, bottoms], axis=-1)
    return np.stack([x, y], axis=-1).reshape(n_row, n_bar * 4, 2)
