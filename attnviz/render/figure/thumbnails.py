"""Thumbnails: the small heatmaps of an overview and their labels."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attnviz.render.cell_pooling import Pool
from attnviz.render.figure.axis_labels import AxisLabels, label_step
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.heat_image import draw_heat_image, heatmap_name
from attnviz.render.figure.layout import FigureLayout
from attnviz.render.figure.masked_hatch import draw_masked
from attnviz.render.figure.overview_grid import OverviewGrid
from attnviz.render.figure.pattern_labels import PatternLabels
from attnviz.render.figure.segment_lines import draw_borders
from attnviz.render.figure.titles import FAINT, HAIR, INK
from attnviz.render.figure.type_sizes import SMALLEST

if TYPE_CHECKING:
    from matplotlib.axes import Axes

LETTER = 0.5  # sizes of the type between two labels in a row


def corner(layout: FigureLayout, row: int, column: int) -> tuple[float, float]:
    """The left and upper end of a thumbnail, in inches from those of the first."""
    (width, height), margins = layout.panel, layout.margins
    return column * (width + margins.across), row * (height + margins.down)


def draw_thumbnails(
    axes: Axes, drawable: Drawable, grid: OverviewGrid, layout: FigureLayout, pool: Pool
) -> None:
    """Draw a small heatmap per head."""
    from matplotlib.collections import PolyCollection

    n_query, n_key = drawable.amap.weights.shape[2:]
    width, height = layout.panel
    cell = (width / n_key, height / n_query)
    corners = []
    for at, (row, column) in grid.cells.items():
        left, top = corner(layout, row, column)
        box = (left, left + width, top + height, top)
        draw_heat_image(
            axes,
            drawable.of_head(at),
            drawable.amap.weights[at],
            box,
            pool,
            drawable.masked[at],
            heatmap_name(drawable, at),
        )
        draw_masked(axes, drawable.masked[at], (left, top), cell)
        draw_borders(axes, drawable, (left, top), cell, 0.5)
        corners.append((left, top))
    outline = np.array([(0, 0), (width, 0), (width, height), (0, height)])
    outlines = [outline + at for at in corners]
    axes.add_collection(
        PolyCollection(outlines, facecolor="none", edgecolor=HAIR, linewidth=0.6, clip_on=False)
    )


def label_patterns(
    axes: Axes, grid: OverviewGrid, layout: FigureLayout, patterns: PatternLabels
) -> None:
    """Write the pattern of each head below its thumbnail."""
    for at, text in patterns.texts.items():
        left, top = corner(layout, *grid.cells[at])
        axes.annotate(
            text, (left, top + layout.panel[1]), (0, -1.5), textcoords="offset points",
            fontsize=SMALLEST, color=FAINT, va="top",
        )  # fmt: skip


def label_axes(axes: Axes, drawable: Drawable, grid: OverviewGrid, layout: FigureLayout) -> None:
    """Label rows with layers or maps and columns with heads, as many as fit."""
    points, (width, height) = drawable.type.name, layout.panel
    room = layout.margins.left - drawable.type.edge - drawable.type.axis_name
    down = AxisLabels.for_rows(grid.rows, height + layout.margins.down, drawable.fonts, points)
    positions, labels = list(down.positions), list(down.labels)
    if grid.row_name != "layer":  # names of maps, which have room of their own
        positions = list(range(len(grid.rows)))
        labels = [drawable.fonts.truncate(row, points, room + 0.01) for row in grid.rows]
    middles = [corner(layout, row, 0)[1] + height / 2 for row in positions]
    axes.set_yticks(middles, labels, fontsize=points, color=INK)
    heads = range(0, len(grid.columns), head_step(grid, layout, points))
    axes.set_xticks(
        [corner(layout, 0, head)[0] + width / 2 for head in heads],
        [grid.columns[head] for head in heads],
        fontsize=points,
        color=INK,
    )
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0, pad=2)
    axes.set_ylabel(grid.row_name, fontsize=points, color=FAINT, labelpad=2)
    axes.set_xlabel("head", fontsize=points, color=FAINT, labelpad=2)


def head_step(grid: OverviewGrid, layout: FigureLayout, points: float) -> int:
    """Every how many heads one is labelled, so that labels do not touch."""
    widest = max(text_width(name, points) for name in grid.columns) + LETTER * points / 72
    return label_step(widest / (layout.panel[0] + layout.margins.across))
