"""The matrix view: a heatmap for each head, with its numbers where they can be read."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.render.colors import BLACK
from attnviz.render.figure.cell_numbers import least_cell
from attnviz.render.figure.fonts import width_of
from attnviz.render.figure.heat_image import heat, pool_for
from attnviz.render.figure.panels import Panel, outline, small_multiples
from attnviz.render.figure.remainder_column import Column
from attnviz.render.row_remainder import SUM

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from attnviz.render.figure.drawable import Subject

BARS = "#8a94a3"


def matrix(subject: Subject) -> Figure:
    """Each head as a heatmap: a row looks at columns."""
    return small_multiples(
        subject, paint, least=least_cell(subject) if subject.style.annotate else 0.0
    )


def paint(panel: Panel) -> None:
    """One heatmap."""
    weights, digits = panel.weights, panel.digits
    put_heat(panel, weights, -0.5, weights.shape[1] - 0.5)
    if panel.subject.column is not None:
        paint_column(panel, panel.subject.column)
    if digits is not None:
        for q, k in np.argwhere(~panel.hidden):
            digits.write(panel.axes, k, q, weights[q, k])


def put_heat(panel: Panel, values: FloatArray, left: float, right: float) -> None:
    """Weights between two places along the keys.    [query, column]"""
    pool = pool_for(panel.subject, panel.cell)
    if values.shape[1] == 1:
        pool = replace(pool, keys=1)
    heat(panel.axes, panel.subject, values, (left, right, len(values) - 0.5, -0.5), pool)


def paint_column(panel: Panel, column: Column) -> None:
    """∅ on the scale of the weights; Σ, which may leave that scale, in numbers or in bars."""
    if column.mark == SUM:
        return paint_sums(panel, column)
    values = column.values[panel.place]
    put_heat(panel, values[:, None], column.left, column.right)
    outline(panel.axes, column.left, column.right, len(values))
    if panel.digits is not None:
        for q, value in enumerate(values):
            panel.digits.write(panel.axes, column.middle, q, value)


def paint_sums(panel: Panel, column: Column) -> None:
    """What rows sum to: in numbers, or in bars where there is no room for numbers."""
    values, digits = column.values[panel.place], panel.digits
    texts = [panel.subject.number(value) for value in values]
    if digits and max(width_of(t, digits.points) for t in texts) < column.width * panel.cell[0]:
        for q, text in enumerate(texts):
            digits.put(panel.axes, column.middle, q, text, BLACK)
        return
    low, high = column.ends
    unit = column.width / ((high - low) or 1.0)
    zero = column.left - low * unit
    panel.axes.barh(range(len(values)), values * unit, 1.0, zero, color=BARS)
