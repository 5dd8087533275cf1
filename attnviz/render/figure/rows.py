"""The rows view: a row of bars for each query, a bar for each key."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.render.figure.colorbar import figures
from attnviz.render.figure.drawable import Subject
from attnviz.render.figure.matrix import paint_sums
from attnviz.render.figure.panels import Panel, outline, small_multiples
from attnviz.render.figure.titles import HAIR
from attnviz.render.row_remainder import KEPT

if TYPE_CHECKING:
    from matplotlib.figure import Figure

TALLEST = 0.88  # of the height of a row
HALF = 0.4  # of the width of a bar, in cells
ABOVE, BELOW = 0.55, 0.15  # where on the palette the colours of the bars are


def rows(subject: Subject) -> Figure:
    """Each head as rows of bars, all of one scale."""
    return small_multiples(subject, paint, bars=f"a full bar is {figures(subject.scale.high)}")


def paint(panel: Panel) -> None:
    """The bars of one head, those of ∅ among them."""
    column, weights = panel.subject.column, panel.weights
    put_bars(panel, weights, np.arange(weights.shape[1], dtype=np.float64))
    panel.axes.hlines(
        np.arange(1, len(weights)) - 0.5, -0.5, weights.shape[1] - 0.5, color=HAIR, linewidth=0.4
    )
    if column is None:
        return
    if column.mark == KEPT:
        put_bars(panel, column.values[panel.place][:, None], np.array([column.middle]))
        outline(panel.axes, column.left, column.right, len(weights))
    else:
        paint_sums(panel, column)


def put_bars(panel: Panel, values: FloatArray, places: FloatArray) -> None:
    """Bars that stand on the floor of their row; signed ones on its middle.

    Shapes: values [query, bar], places [bar]
    """
    from matplotlib.collections import PolyCollection

    scale = panel.subject.scale
    floor = np.arange(len(values))[:, None] + (0.0 if scale.centred else TALLEST / 2)
    unit = TALLEST / (2 if scale.centred else 1) / scale.high
    up = 1 - BELOW if scale.centred else ABOVE
    for part, share in ((np.maximum(values, 0), up), (np.minimum(values, 0), BELOW)):
        if part.any():
            outlines = skyline(floor, floor - part * unit, places)
            color = scale.palette.rgb[round(share * 255)] / 255
            panel.axes.add_collection(PolyCollection(list(outlines), facecolor=color, linewidth=0))


def skyline(floor: FloatArray, tops: FloatArray, places: FloatArray) -> FloatArray:
    """The bars of each row as one outline.    [row, 1], [row, bar], [bar] -> [row, corner, 2]"""
    n_row, n_bar = tops.shape
    x = np.broadcast_to(places[:, None] + np.array([-HALF, -HALF, HALF, HALF]), (n_row, n_bar, 4))
    ground = np.broadcast_to(floor, tops.shape)
    y = np.stack([ground, tops, tops, ground], axis=-1)
    return np.stack([x, y], axis=-1).reshape(n_row, n_bar * 4, 2)
