"""Small multiples: one panel per head, queries down, keys across, labels at the outer edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.record import Record
from attnviz.render.figure.axis_labels import DEFAULT_EXTENT, AxisLabels
from attnviz.render.figure.cell_numbers import CellNumbers
from attnviz.render.figure.colorbar import colorbars_width, draw_colorbars
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.heat_image import pool_to_dots
from attnviz.render.figure.layout import PAGE, FigureLayout, Margins, PanelSize, compute_layout
from attnviz.render.figure.masked_hatch import draw_masked
from attnviz.render.figure.remainder_column import RemainderColumn
from attnviz.render.figure.segment_lines import draw_borders
from attnviz.render.figure.titles import (
    EDGE,
    FAINT,
    HAIR,
    HEADING,
    INK,
    NAME,
    add_panels,
    header_height,
    heading_height,
    new_figure,
    nonempty,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

CLEAR_CELL, MIN_CELL, MAX_CELL = 0.1, 0.012, 0.5  # inches
MIN_PANEL, LARGE_PANEL, BETWEEN, MAX_HEADING = 0.9, 4.0, 0.18, 2.4  # inches


class Panel(Record):
    """One head and its axes.

    Shapes: weights [query, key]; `cell` is its width and height in inches.
    """

    axes: Axes
    drawable: Drawable
    head_index: tuple[int, int]
    cell: tuple[float, float]
    numbers: CellNumbers | None

    @property
    def weights(self) -> FloatArray:
        """The weights of this head.    -> [query, key]"""
        return self.drawable.amap.weights[self.head_index]

    @property
    def masked(self) -> BoolArray:
        """The mask of this head.    -> [query, key]"""
        return self.drawable.masked[self.head_index]


class PanelLayout(Record):
    """The layout of all panels, the size of a cell, axis labels and notes.

    Headings extend `over` inches beyond their panels.
    """

    layout: FigureLayout
    cell: tuple[float, float]
    down: AxisLabels
    below: AxisLabels
    over: float
    notes: tuple[str, ...]


def draw_small_multiples(
    drawable: Drawable,
    draw_panel: Callable[[Panel], None],
    *,
    least: float = 0.0,
    bars: str = "",
) -> Figure:
    """One panel per head, drawn by `draw_panel`; cells are at least `least` inches wide.

    The scale is a colorbar, or, for views of bars, the note `bars`.
    """
    arranged = arrange_panels(drawable, least, bars)
    layout, numbers = arranged.layout, CellNumbers.of(drawable, arranged.cell)
    figure = new_figure(drawable, layout, arranged.notes)
    spare = arranged.over + BETWEEN / 2
    for index, (at, axes) in enumerate(add_panels(figure, drawable, layout, spare)):
        of_head = drawable.of_head(at)
        own_numbers = numbers and replace(numbers, drawable=of_head)
        panel = Panel(axes, of_head, at, arranged.cell, own_numbers)
        draw_panel(panel)
        draw_masked(axes, panel.masked)
        draw_borders(axes, drawable)
        draw_outline(axes, -0.5, len(drawable.keys) - 0.5, len(drawable.queries))
        if index % layout.columns == 0:
            label_queries(axes, arranged.down)
        if index + layout.columns >= drawable.n_panel:
            label_keys(axes, arranged.below, drawable.remainder)
        axes.set(xlim=(-0.5, drawable.right_edge), ylim=(len(drawable.queries) - 0.5, -0.5))
    if not bars:
        draw_colorbars(figure, drawable, layout, beyond=arranged.over)
    return figure


def arrange_panels(drawable: Drawable, least: float, bars: str) -> PanelLayout:
    """Lay out panels and labels, in several passes: each depends on the size of the other."""
    style, tall = drawable.style, len(drawable.queries)
    wide, column = drawable.right_edge + 0.5, drawable.remainder
    smallest = min(max(LARGE_PANEL / max(wide, tall), MIN_CELL), CLEAR_CELL)
    need = PanelSize(
        wide=wide,
        tall=tall,
        smallest=max(smallest, least, min(MIN_PANEL / wide, PAGE[1] / tall)),
        largest=max(MAX_CELL, MIN_PANEL / wide),
    )
    always = nonempty(
        bars, drawable.pooled_note, *drawable.cell_notes, column.note if column else ""
    )
    short = (drawable.heading(*at, short=True) for at in drawable.head_indices())
    heading = min(MAX_HEADING, max(text_width(text, HEADING) for text in short))
    left, bottom, over = DEFAULT_EXTENT, DEFAULT_EXTENT, 0.0
    notes, width, is_refined = always, (style.size or PAGE)[0], False
    for _ in range(4):
        margins = Margins(
            left=EDGE + 0.26 + left,
            right=over + (EDGE if bars else colorbars_width(drawable)) + EDGE,
            top=header_height(drawable, notes, width),
            bottom=EDGE + 0.3 + bottom,
            across=over + BETWEEN,
            down=heading_height(drawable) + 0.12,
        )
        layout = compute_layout(
            drawable.n_panel, drawable.column_choices, need, margins, style.size, style.dpi
        )
        cell = (layout.panel[0] / wide, layout.panel[1] / tall)
        down = AxisLabels.for_rows(drawable.queries, cell[1], drawable.fonts)
        below = AxisLabels.for_columns(drawable.keys, cell[0], drawable.fonts)
        left = max(left, down.max_width) if is_refined else down.max_width
        bottom = max(bottom, below.extent) if is_refined else below.extent
        width, is_refined = layout.size[0], True
        over = max(over, heading - layout.panel[0])
        notes = nonempty(
            *always, "" if bars else pool_to_dots(drawable, cell).note(is_mask=drawable.is_mask)
        )
    return PanelLayout(layout, cell, down, below, over, notes)


def draw_outline(axes: Axes, left: float, right: float, tall: int) -> None:
    """A thin line around cells, so that light ones are distinct from the background."""
    from matplotlib.patches import Rectangle

    box = Rectangle((left, -0.5), right - left, tall, fill=False, clip_on=False)
    box.set(edgecolor=HAIR, linewidth=0.6)
    axes.add_patch(box)


def label_queries(axes: Axes, labels: AxisLabels) -> None:
    """Label the rows with query tokens."""
    axes.set_yticks(labels.positions, labels.labels, fontsize=labels.points, color=INK)
    axes.tick_params(axis="y", length=0 if labels.step == 1 else 2, pad=2, width=0.6)
    axes.set_ylabel("query", fontsize=NAME, color=FAINT)


def label_keys(axes: Axes, labels: AxisLabels, column: RemainderColumn | None) -> None:
    """Label the columns with key tokens, and the remainder column with its mark."""
    after = () if column is None else ((column.middle, column.mark),)
    axes.set_xticks(
        [*labels.positions, *(middle for middle, _ in after)],
        [*labels.labels, *(mark for _, mark in after)],
        fontsize=labels.points, color=INK,
    )  # fmt: skip
    rotated = axes.get_xticklabels()[: len(labels.labels)] if labels.angle else ()
    for label in rotated:
        label.set(rotation=labels.angle, rotation_mode="anchor", ha="right")
        label.set(va="top" if labels.angle == 45 else "center_baseline")
    axes.tick_params(axis="x", length=0 if labels.step == 1 else 2, pad=3, width=0.6)
    axes.set_xlabel("key", fontsize=NAME, color=FAINT)
