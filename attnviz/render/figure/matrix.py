"""The matrix view: one heatmap per head, with values where they are readable."""

from __future__ import annotations

from typing import TYPE_CHECKING

from attnviz.render.figure.cell_numbers import min_cell_width
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.heat_image import draw_heat_image, heatmap_name, pool_to_dots
from attnviz.render.figure.highlight import draw_highlights
from attnviz.render.figure.panels import Panel, plan_small_multiples
from attnviz.render.figure.remainder_column import RemainderColumn

if TYPE_CHECKING:
    from attnviz.render.figure.drawable import Drawable
    from attnviz.render.figure.figure_plan import FigurePlan

BARS = "#8a94a3"
INK_RGB = (0x1A, 0x1A, 0x1A)  # of text beside the cells


def plan_matrix_view(drawable: Drawable) -> FigurePlan:
    """Each head as a heatmap, rows = queries, columns = keys."""
    return plan_small_multiples(
        drawable, draw_heatmap, least=min_cell_width(drawable) if drawable.style.annotate else 0.0
    )


def draw_heatmap(panel: Panel) -> None:
    """Draw one head: its weights, the remainder column, the values."""
    weights, numbers = panel.weights, panel.numbers
    box = (-0.5, weights.shape[1] - 0.5, len(weights) - 0.5, -0.5)
    pool = pool_to_dots(panel.drawable, panel.cell)
    name = heatmap_name(panel.drawable, panel.head_index)
    draw_heat_image(panel.axes, panel.drawable, weights, box, pool, panel.masked, name)
    if panel.drawable.remainder is not None:
        draw_remainder(panel, panel.drawable.remainder)
    if numbers is not None:
        numbers.draw_weights(panel.axes, weights, panel.masked)
    draw_highlights(panel.axes, panel.drawable.highlights, weights.shape[1])


def draw_remainder(panel: Panel, column: RemainderColumn) -> None:
    """Draw ∅ or Σ as numbers, or as bars where numbers do not fit.

    They are no weights: they have no place on the color scale, which either may exceed.
    """
    values, numbers = column.values[panel.head_index], panel.numbers
    texts = [panel.drawable.format_weight(value) for value in values]
    width = column.width * panel.cell[0]
    if numbers and max(text_width(text, numbers.points) for text in texts) < width:
        for q, text in enumerate(texts):
            numbers.draw_text(panel.axes, column.middle, q, text, INK_RGB)
        return
    low, high = column.limits
    unit = column.width / ((high - low) or 1.0)
    zero = column.left - low * unit
    panel.axes.barh(range(len(values)), values * unit, 1.0, zero, color=BARS)
