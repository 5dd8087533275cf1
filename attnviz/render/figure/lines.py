"""The lines view: queries left, keys right, one line per weight."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING, Literal

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.record import Record
from attnviz.render.figure.axis_labels import DEFAULT_EXTENT, LEADING, AxisLabels
from attnviz.render.figure.colorbar import colorbars_width, draw_colorbars, format_tick
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.figure_plan import FigurePlan, is_roomy
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.layout import FigureLayout, Margins, PanelSize, compute_layout
from attnviz.render.figure.page_size import Page
from attnviz.render.figure.remainder_column import RemainderColumn
from attnviz.render.figure.titles import (
    FAINT,
    INK,
    add_panels,
    captions_fit,
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
    need: PanelSize
    queries: AxisLabels
    keys: AxisLabels
    left: float
    right: float
    notes: tuple[str, ...]

    @property
    def tall(self) -> int:
        """The height of a panel in tokens."""
        return round(self.need.tall)


def plan_lines_view(drawable: Drawable) -> FigurePlan:
    """Each head as lines from queries to keys, darker and thicker for larger weights."""
    arranged = arrange_lines(drawable)
    n, columns = drawable.n_panel, drawable.column_choices
    roomy = is_roomy(n, columns, arranged.need, arranged.layout)
    draw = partial(draw_lines_view, drawable, arranged)
    fit = captions_fit(drawable, arranged.layout.panel[0] + arranged.left + arranged.right)
    return FigurePlan(arranged.layout, draw, arranged.layout.share(n), roomy, fit)


def draw_lines_view(drawable: Drawable, arranged: LinesLayout) -> Figure:
    """Draw the lines of all heads."""
    layout, tall = arranged.layout, arranged.tall
    figure = new_figure(drawable, layout, arranged.notes)
    pad = PAD / layout.panel[0]
    unspent = unspent_column(drawable)
    # Headings and captions may be as wide as panel and labels, above the names of the axes.
    left, right = arranged.left, arranged.right
    above = drawable.type.axis_name
    for at, axes in add_panels(figure, drawable, layout, left + right, before=left, above=above):
        weights = drawable.amap.weights[at]
        if unspent:
            weights = np.column_stack([weights, unspent.values[at]])
        draw_links(axes, drawable.of_head(at), weights, tall)
        names = drawable.type.name
        for labels, n, x, name in (
            (arranged.queries, len(drawable.queries), -pad, "query"),
            (arranged.keys, weights.shape[1], 1 + pad, "key"),
        ):
            draw_side_labels(axes, labels, token_heights(n, tall), x, name, names)
        axes.set(xlim=(0, 1), ylim=(tall - 0.5, -0.5))
    draw_colorbars(figure, drawable, layout, beyond=arranged.right)
    return figure


def unspent_column(drawable: Drawable) -> RemainderColumn | None:
    """The remainder column if it is weight on none of the keys: a further key."""
    column = drawable.remainder
    return column if column and column.mark == UNSPENT else None


def line_notes(drawable: Drawable) -> tuple[str, ...]:
    """Which weights have no line, and the meaning of the remainder."""
    column = drawable.remainder
    return nonempty(
        "no line: "
        + " or ".join(
            f"{name} below {format_tick(MIN_FRACTION * scale.high, drawable.style.percent)}"
            for name, scale in drawable.scales.by_name.items()
        )
        + (", or masked" if drawable.masked.any() else ""),
        column.note if column else "",
    )


def arrange_lines(drawable: Drawable) -> LinesLayout:
    """Lay out panels and labels, in several passes: each depends on the size of the other."""
    keys = (*drawable.keys, UNSPENT) if unspent_column(drawable) else drawable.keys
    notes = line_notes(drawable)
    tall = max(MIN_TOKENS, len(drawable.queries), len(keys))
    need = PanelSize(wide=ASPECT * tall, tall=tall, smallest=MIN_PITCH, largest=MAX_PITCH)
    page, sizes = Page.of(drawable.style), drawable.type
    left, right, width, is_refined = DEFAULT_EXTENT, DEFAULT_EXTENT, page.width, False
    for _ in range(4):
        margins = lines_margins(drawable, left, right, header_height(drawable, notes, width))
        layout = compute_layout(
            drawable.n_panel, drawable.column_choices, need, margins, page, drawable.style.dpi
        )
        pitch = layout.panel[1] / tall
        queries = AxisLabels.for_rows(drawable.queries, pitch, drawable.fonts, sizes.label)
        key_labels = AxisLabels.for_rows(keys, pitch, drawable.fonts, sizes.label)
        extents = (
            max(labels.max_width, text_width(name, sizes.name)) + PAD
            for labels, name in ((queries, "query"), (key_labels, "key"))
        )
        # Wider labels make lower panels: without the maximum, passes would alternate.
        kept = (left, right) if is_refined else (0.0, 0.0)
        left, right = map(max, extents, kept)
        width, is_refined = layout.size[0], True
    return LinesLayout(layout, need, queries, key_labels, left, right, notes)


def lines_margins(drawable: Drawable, left: float, right: float, top: float) -> Margins:
    """The margins for labels that extend `left` and `right` inches from the panels."""
    sizes, names = drawable.type, drawable.type.axis_name
    return Margins(
        left=sizes.edge + left,
        right=right + colorbars_width(drawable) + sizes.edge,
        top=top + names,
        bottom=sizes.edge + LEADING * sizes.label / 144,
        across=right + left + 1.5 * sizes.between,
        down=heading_height(drawable) + names + sizes.between,
    )


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
    axes: Axes, labels: AxisLabels, heights: FloatArray, x: float, axis: str, points: float
) -> None:
    """Draw token labels beside a panel, with the name of the axis above.    heights [token]"""
    align: Literal["left", "right"] = "right" if x < 0 else "left"
    for at, label in zip(labels.positions, labels.labels, strict=True):
        axes.text(
            x, heights[at], label, size=labels.points, color=INK, ha=align, va="center_baseline"
        )
    axes.annotate(
        axis, (x, 1), (0, 3), xycoords="axes fraction", textcoords="offset points",
        size=points, color=FAINT, ha=align,
    )  # fmt: skip
