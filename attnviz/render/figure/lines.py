"""The lines view: queries left, keys right, one line per weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.record import Record
from attnviz.render.figure.axis_labels import DEFAULT_EXTENT, AxisLabels
from attnviz.render.figure.colorbar import colorbars_width, draw_colorbars, format_tick
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.layout import PAGE, FigureLayout, Margins, PanelSize, compute_layout
from attnviz.render.figure.titles import (
    EDGE,
    FAINT,
    INK,
    LINE,
    NAME,
    add_panels,
    header_height,
    heading_height,
    new_figure,
    nonempty,
)
from attnviz.render.row_remainder import UNSPENT
from attnviz.render.style import Highlight

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MIN_FRACTION = 0.01  # of the largest weight; lines below it would not be visible
THINNEST, THICKEST = 0.4, 2.6  # line widths in points
MIN_PITCH, MAX_PITCH = 0.1, 0.32  # inches from one token to the next
ASPECT = 0.7  # width of a panel, relative to its height
MIN_TOKENS = 5  # minimum height of a panel, in tokens
PALE = 0.15  # opacity of lines beside highlighted ones
PAD = 0.06  # inches between a label and the lines


class LinesLayout(Record):
    """Panels `tall` tokens high, and the labels on both sides, `left` and `right` inches wide."""

    layout: FigureLayout
    tall: int
    queries: AxisLabels
    keys: AxisLabels
    left: float
    right: float


def caption_offset(drawable: Drawable) -> float:
    """The extra height of captions, which may extend over the labels, in inches."""
    return LINE * bool(drawable.style.captions)


def draw_lines_view(drawable: Drawable) -> Figure:
    """Each head as lines from queries to keys, darker and thicker for larger weights."""
    column = drawable.remainder
    unspent = column if column and column.mark == UNSPENT else None
    keys = (*drawable.keys, UNSPENT) if unspent else drawable.keys
    notes = nonempty(
        "no line: "
        + " or ".join(
            f"{name} below {format_tick(MIN_FRACTION * scale.high, drawable.style.percent)}"
            for name, scale in drawable.scales.by_name.items()
        )
        + (", or masked" if drawable.masked.any() else ""),
        column.note if column else "",
    )
    arranged = arrange_lines(drawable, keys, notes)
    layout, tall = arranged.layout, arranged.tall
    figure = new_figure(drawable, layout, notes)
    pad = PAD / layout.panel[0]
    # Captions are on a line above the axis names and may be as wide as panel and labels.
    left, right = (arranged.left, arranged.right) if drawable.style.captions else (0.0, 0.0)
    above = caption_offset(drawable)
    for at, axes in add_panels(figure, drawable, layout, left + right, before=left, above=above):
        weights = drawable.amap.weights[at]
        if unspent:
            weights = np.column_stack([weights, unspent.values[at]])
        draw_links(axes, drawable.of_head(at), weights, tall)
        query_heights = token_heights(len(drawable.queries), tall)
        draw_side_labels(axes, arranged.queries, query_heights, -pad, "query")
        draw_side_labels(axes, arranged.keys, token_heights(len(keys), tall), 1 + pad, "key")
        axes.set(xlim=(0, 1), ylim=(tall - 0.5, -0.5))
    draw_colorbars(figure, drawable, layout, beyond=arranged.keys.max_width + PAD)
    return figure


def arrange_lines(
    drawable: Drawable, keys: tuple[str, ...], notes: tuple[str, ...]
) -> LinesLayout:
    """Lay out panels and labels, in several passes: each depends on the size of the other."""
    tall = max(MIN_TOKENS, len(drawable.queries), len(keys))
    need = PanelSize(wide=ASPECT * tall, tall=tall, smallest=MIN_PITCH, largest=MAX_PITCH)
    style = drawable.style
    left, right, width = DEFAULT_EXTENT, DEFAULT_EXTENT, (style.size or PAGE)[0]
    for _ in range(3):
        margins = Margins(
            left=EDGE + left + PAD,
            right=right + PAD + colorbars_width(drawable) + EDGE,
            top=header_height(drawable, notes, width) + caption_offset(drawable) + 0.1,
            bottom=EDGE,
            across=right + left + 2 * PAD + 0.2,
            down=heading_height(drawable) + caption_offset(drawable) + 0.25,
        )
        layout = compute_layout(
            drawable.n_panel, drawable.column_choices, need, margins, style.size, style.dpi
        )
        pitch = layout.panel[1] / tall
        queries = AxisLabels.for_rows(drawable.queries, pitch, drawable.fonts)
        key_labels = AxisLabels.for_rows(keys, pitch, drawable.fonts)
        left = max(queries.max_width, text_width("query", NAME))
        right = max(key_labels.max_width, text_width("key", NAME))
        width = layout.size[0]
    return LinesLayout(layout, tall, queries, key_labels, left + PAD, right + PAD)


def token_heights(n: int, tall: int) -> FloatArray:
    """The heights of `n` tokens, centered in a panel of `tall`.    -> [token]"""
    return np.arange(n) + (tall - n) / 2


def draw_links(axes: Axes, drawable: Drawable, weights: FloatArray, tall: int) -> None:
    """Draw one line per weight above MIN_FRACTION, the largest on top.    weights [query, key]"""
    from matplotlib.collections import LineCollection

    # ∅ may exceed the scale, which is that of the weights.
    fraction = np.minimum(np.abs(weights) / drawable.scale.high, 1.0)
    q, k = np.nonzero(fraction >= MIN_FRACTION)
    order = np.argsort(fraction[q, k], kind="stable")
    q, k = q[order], k[order]
    n_query, n_key = weights.shape
    from_query, to_key = token_heights(n_query, tall)[q], token_heights(n_key, tall)[k]
    ends = np.stack([np.zeros(len(q)), from_query, np.ones(len(k)), to_key], axis=-1)
    alphas = highlight_alphas(drawable.highlights, q, k)
    axes.add_collection(
        LineCollection(
            list(ends.reshape(-1, 2, 2)),
            colors=drawable.scale.rgb(weights[q, k]) / 255,
            linewidths=THINNEST + (THICKEST - THINNEST) * fraction[q, k],
            capstyle="round",
            alpha=alphas,
        )
    )


def highlight_alphas(
    highlights: tuple[Highlight, ...], q: IntArray, k: IntArray
) -> FloatArray | None:
    """The opacity of lines from queries q to keys k: others than the highlighted are pale.

    Shapes: [line], [line] -> [line]
    """
    if not highlights:
        return None
    chosen = [(q == query) & (True if key is None else k == key) for query, key in highlights]
    return np.where(np.any(chosen, axis=0), 1.0, PALE)


def draw_side_labels(
    axes: Axes, labels: AxisLabels, heights: FloatArray, x: float, axis: str
) -> None:
    """Draw token labels beside a panel, with the name of the axis above.    heights [token]"""
    align: Literal["left", "right"] = "right" if x < 0 else "left"
    for at, label in zip(labels.positions, labels.labels, strict=True):
        axes.text(
            x, heights[at], label, size=labels.points, color=INK, ha=align, va="center_baseline"
        )
    axes.annotate(
        axis, (x, 1), (0, 4), xycoords="axes fraction", textcoords="offset points",
        size=NAME, color=FAINT, ha=align,
    )  # fmt: skip
