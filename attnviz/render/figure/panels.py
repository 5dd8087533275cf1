"""Small multiples: one panel per head, queries down, keys across, labels at the outer edges."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.record import Record
from attnviz.render.figure.axis_labels import AxisLabels
from attnviz.render.figure.cell_numbers import CellNumbers
from attnviz.render.figure.colorbar import draw_colorbars
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.figure_plan import FigurePlan
from attnviz.render.figure.masked_hatch import draw_masked
from attnviz.render.figure.panel_layout import PanelLayout, arrange_panels
from attnviz.render.figure.remainder_column import RemainderColumn
from attnviz.render.figure.segment_lines import draw_borders
from attnviz.render.figure.titles import FAINT, HAIR, INK, add_panels, new_figure

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

DrawPanel = Callable[["Panel"], None]


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


def plan_small_multiples(
    drawable: Drawable, draw_panel: DrawPanel, *, least: float = 0.0, bars: str = ""
) -> FigurePlan:
    """One panel per head, drawn by `draw_panel`; cells are at least `least` inches wide.

    The scale is a colorbar, or, for views of bars, the note `bars`.
    """
    arranged = arrange_panels(drawable, least, bars)
    draw = partial(draw_small_multiples, drawable, arranged, draw_panel, has_scale=not bars)
    share = arranged.layout.share(drawable.n_panel)
    return FigurePlan(arranged.layout, draw, share, arranged.is_roomy, arranged.captions_fit)


def draw_small_multiples(
    drawable: Drawable, arranged: PanelLayout, draw_panel: DrawPanel, *, has_scale: bool
) -> Figure:
    """Draw all panels, with labels at the outer edges."""
    layout, numbers = arranged.layout, CellNumbers.of(drawable, arranged.cell)
    figure = new_figure(drawable, layout, arranged.notes)
    for index, (at, axes) in enumerate(add_panels(figure, drawable, layout, arranged.over)):
        of_head = drawable.of_head(at)
        own_numbers = numbers and replace(numbers, drawable=of_head)
        panel = Panel(axes, of_head, at, arranged.cell, own_numbers)
        draw_panel(panel)
        draw_masked(axes, panel.masked)
        draw_borders(axes, drawable)
        draw_outline(axes, -0.5, len(drawable.keys) - 0.5, len(drawable.queries))
        if index % layout.columns == 0:
            label_queries(axes, arranged.down, drawable.axis_name_points)
        if index + layout.columns >= drawable.n_panel:
            label_keys(axes, arranged.below, drawable.remainder, drawable.axis_name_points)
        axes.set(xlim=(-0.5, drawable.right_edge), ylim=(len(drawable.queries) - 0.5, -0.5))
    if has_scale:
        draw_colorbars(figure, drawable, layout, beyond=arranged.over)
    return figure


def draw_outline(axes: Axes, left: float, right: float, tall: int) -> None:
    """A thin line around cells, so that light ones are distinct from the background."""
    from matplotlib.patches import Rectangle

    box = Rectangle((left, -0.5), right - left, tall, fill=False, clip_on=False)
    box.set(edgecolor=HAIR, linewidth=0.6, label="panel")
    axes.add_patch(box)


def label_queries(axes: Axes, labels: AxisLabels, points: float) -> None:
    """Label the rows with query tokens; the name of the axis has at most `points`, 0: none."""
    axes.set_yticks(labels.positions, labels.labels, fontsize=labels.points, color=INK)
    axes.tick_params(axis="y", length=0 if labels.step == 1 else 2, pad=2, width=0.6)
    if points:
        axes.set_ylabel("query", fontsize=min(points, labels.points), color=FAINT, labelpad=2)


def label_keys(
    axes: Axes, labels: AxisLabels, column: RemainderColumn | None, points: float
) -> None:
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
    if points:
        axes.set_xlabel("key", fontsize=min(points, labels.points), color=FAINT, labelpad=1)
