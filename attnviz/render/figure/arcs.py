"""The arcs view: the sentence on a line, with an arc from each query to each of its keys."""

from __future__ import annotations

from functools import partial
from math import sqrt
from typing import TYPE_CHECKING

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.record import Record
from attnviz.render.figure.axis_labels import DEFAULT_EXTENT, AxisLabels
from attnviz.render.figure.colorbar import colorbars_width, draw_colorbars
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.figure_plan import FigurePlan, is_roomy
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.layout import FigureLayout, Margins, PanelSize, compute_layout
from attnviz.render.figure.lines import (
    MIN_FRACTION,
    THICKEST,
    THINNEST,
    highlight_alphas,
    line_notes,
    unspent_column,
)
from attnviz.render.figure.page_size import Page
from attnviz.render.figure.titles import (
    INK,
    add_panels,
    captions_fit,
    header_height,
    heading_height,
    new_figure,
)
from attnviz.render.row_remainder import UNSPENT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

MIN_PITCH, MAX_PITCH = 0.1, 0.55  # inches from one token to the next
N_POINT = 25  # of an arc
HIGHEST, FLATNESS = 4.5, 0.7  # height of the longest arc in tokens; exponent of the heights
SELF_WIDTH, SELF_HEIGHT = 0.3, 0.5  # of the loop of a token that attends to itself, in tokens
PAD = 0.35  # tokens between labels and arcs
ABOVE, BELOW = "arcs above: the key is left of its query", "arcs below: right of it"
TWO_TEXTS = "arcs from queries (left) to keys (right)"


class ArcsLayout(Record, eq=False):
    """Tokens on a line: `strip` high, with arcs up to `up` above and `down` below, in tokens.

    `queries` and `keys` are the positions of tokens on the line; those of one text are the same.
    """

    layout: FigureLayout
    need: PanelSize
    labels: AxisLabels
    queries: IntArray
    keys: IntArray
    strip: float
    up: float
    down: float
    notes: tuple[str, ...]


def plan_arcs_view(drawable: Drawable) -> FigurePlan:
    """Each head as arcs over the sentence, darker and thicker for larger weights."""
    arranged = arrange_arcs(drawable)
    n, columns = drawable.n_panel, drawable.column_choices
    roomy = is_roomy(n, columns, arranged.need, arranged.layout)
    draw = partial(draw_arcs_view, drawable, arranged)
    fit = captions_fit(drawable, arranged.layout.panel[0])
    return FigurePlan(arranged.layout, draw, arranged.layout.share(n), roomy, fit)


def place_tokens(drawable: Drawable) -> tuple[tuple[str, ...], IntArray, IntArray]:
    """The tokens on the line, and the positions of queries and keys.

    The keys of another text follow its queries after a gap, as does ∅, if there is one.
    """
    queries, keys = drawable.queries, drawable.keys
    is_one_text = drawable.amap.queries == drawable.amap.keys
    line = queries if is_one_text else (*queries, "", *keys)
    key_places = np.arange(len(keys)) + (0 if is_one_text else len(queries) + 1)
    if unspent_column(drawable):
        line = (*line, "", UNSPENT)
        key_places = np.append(key_places, len(line) - 1)
    return line, np.arange(len(queries)), key_places


def arrange_arcs(drawable: Drawable) -> ArcsLayout:
    """Lay out panels and labels, in several passes: each depends on the size of the other."""
    line, queries, keys = place_tokens(drawable)
    spans = [place_spans(drawable, at, queries, keys) for at in drawable.head_indices()]
    to_left, to_right = -min(span[0] for span in spans), max(span[1] for span in spans)
    if keys[0] > 0:  # of another text: all arcs are above
        to_left, to_right, sides = to_right, 0, TWO_TEXTS
    else:
        sides = f"{ABOVE}; {BELOW}" if to_right else ABOVE
    up, down = arcs_height(to_left, len(line)), arcs_height(to_right, len(line))
    notes = (*line_notes(drawable), sides)
    page, sizes = Page.of(drawable.style), drawable.type
    extent, left, width, pitch = DEFAULT_EXTENT, 0.0, page.width, MAX_PITCH
    for _ in range(4):
        strip = extent / pitch + (2 if down else 1) * PAD
        need = PanelSize(
            wide=len(line), tall=up + strip + down, smallest=MIN_PITCH, largest=MAX_PITCH
        )
        margins = Margins(
            left=sizes.edge + left,
            right=colorbars_width(drawable) + sizes.edge,
            top=header_height(drawable, notes, width),
            bottom=sizes.edge,
            across=sizes.between,
            down=heading_height(drawable) + sizes.between,
        )
        layout = compute_layout(
            drawable.n_panel, drawable.column_choices, need, margins, page, drawable.style.dpi
        )
        pitch, width = layout.panel[0] / len(line), layout.size[0]
        labels = AxisLabels.for_columns(line, pitch, drawable.fonts, sizes.label)
        extent, left = labels.extent, max(left, overhang(labels, pitch))
    return ArcsLayout(layout, need, labels, queries, keys, strip, up, down, notes)


def overhang(labels: AxisLabels, pitch: float) -> float:
    """How far labels extend to the left of a panel with tokens `pitch` apart, in inches."""
    part = {0: 0.5, 45: sqrt(0.5), 90: 0.0}[labels.angle]
    beyond = (
        part * text_width(label, labels.points) - (at + 0.5) * pitch
        for at, label in zip(labels.positions, labels.labels, strict=True)
    )
    return max(0.0, *beyond)


def place_spans(
    drawable: Drawable, at: tuple[int, int], queries: IntArray, keys: IntArray
) -> tuple[int, int]:
    """The longest way of an arc of a head to the left (negative) and to the right, in tokens."""
    q, k, _ = visible_links(drawable.of_head(at), head_weights(drawable, at))
    ways = keys[k] - queries[q]
    return int(ways.min(initial=0)), int(ways.max(initial=0))


def arcs_height(span: int, n_token: int) -> float:
    """The height of the highest arc, in tokens; 0 without arcs on this side."""
    return min(HIGHEST, n_token / 2) * min(1.0, (span / 3) ** FLATNESS) if span else 0.0


def head_weights(drawable: Drawable, at: tuple[int, int]) -> FloatArray:
    """The weights of a head, with ∅ as a further key if there is one.    -> [query, key]"""
    weights, unspent = drawable.amap.weights[at], unspent_column(drawable)
    return np.column_stack([weights, unspent.values[at]]) if unspent else weights


def visible_links(
    drawable: Drawable, weights: FloatArray
) -> tuple[IntArray, IntArray, FloatArray]:
    """The queries, keys and parts of the scale of all arcs, the largest last.

    Shapes: [query, key] -> [arc], [arc], [arc]
    """
    fraction = np.minimum(np.abs(weights) / drawable.scale.high, 1.0)
    q, k = np.nonzero(fraction >= MIN_FRACTION)
    order = np.argsort(fraction[q, k], kind="stable")
    return q[order], k[order], fraction[q, k][order]


def draw_arcs_view(drawable: Drawable, arranged: ArcsLayout) -> Figure:
    """Draw the arcs of all heads."""
    layout = arranged.layout
    figure = new_figure(drawable, layout, arranged.notes)
    n_token = round(arranged.need.wide)
    for at, axes in add_panels(figure, drawable, layout):
        draw_arcs(axes, drawable.of_head(at), head_weights(drawable, at), arranged)
        draw_tokens(axes, arranged)
        axes.set(xlim=(-0.5, n_token - 0.5), ylim=(-arranged.strip - arranged.down, arranged.up))
    draw_colorbars(figure, drawable, layout)
    return figure


def draw_arcs(axes: Axes, drawable: Drawable, weights: FloatArray, arranged: ArcsLayout) -> None:
    """Draw one arc per weight above MIN_FRACTION, the largest on top.    weights [query, key]"""
    from matplotlib.collections import LineCollection

    q, k, fraction = visible_links(drawable, weights)
    axes.add_collection(
        LineCollection(
            list(arc_points(arranged.queries[q], arranged.keys[k], arranged)),
            colors=drawable.scale.rgb(weights[q, k]) / 255,
            linewidths=THINNEST + (THICKEST - THINNEST) * fraction,
            capstyle="round",
            alpha=highlight_alphas(drawable.highlights, q, k),
        )
    )


def arc_points(start: IntArray, end: IntArray, arranged: ArcsLayout) -> FloatArray:
    """Half ellipses over or under the line of tokens; a loop over a token on itself.

    Shapes: [arc], [arc] -> [arc, point, 2]
    """
    way = (end - start)[:, None]
    turn = np.linspace(0, np.pi, N_POINT)[None]
    is_self, is_up = way == 0, (way <= 0) | (arranged.down == 0)
    longest = max(arranged.need.wide - 1, 1)
    room = np.where(is_up, max(arranged.up, SELF_HEIGHT), arranged.down)
    height = np.where(is_self, SELF_HEIGHT, room * (np.abs(way) / longest) ** FLATNESS)
    radius = np.where(is_self, SELF_WIDTH, way / 2)
    middle = (start + end)[:, None] / 2
    x = middle - radius * np.cos(turn)
    y = np.where(is_up, 1, -1) * height * np.sin(turn) - np.where(is_up, 0, arranged.strip)
    return np.stack([x, y], axis=-1)


def draw_tokens(axes: Axes, arranged: ArcsLayout) -> None:
    """Draw the tokens below the feet of the upper arcs."""
    labels = arranged.labels
    for at, label in zip(labels.positions, labels.labels, strict=True):
        if not labels.angle:
            axes.text(
                at, -arranged.strip / 2, label, size=labels.points, color=INK,
                ha="center", va="center_baseline",
            )  # fmt: skip
            continue
        axes.text(
            at, -PAD / 2, label, size=labels.points, color=INK, rotation=labels.angle,
            rotation_mode="anchor", ha="right",
            va="top" if labels.angle == 45 else "center_baseline",
        )  # fmt: skip
