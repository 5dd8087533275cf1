"""The overview: a thumbnail of every head in a grid of layers (down) × heads (across)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attnviz.render.cell_pooling import Pool
from attnviz.render.figure.axis_labels import AxisLabels
from attnviz.render.figure.colorbar import colorbars_width, draw_colorbars
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.heat_image import draw_heat_image, pool_to_dots
from attnviz.render.figure.layout import PAGE, FigureLayout, Margins, PanelSize, compute_layout
from attnviz.render.figure.masked_hatch import draw_masked
from attnviz.render.figure.overview_grid import OverviewGrid
from attnviz.render.figure.segment_lines import draw_borders
from attnviz.render.figure.titles import (
    EDGE,
    FAINT,
    HAIR,
    INK,
    NAME,
    header_height,
    new_figure,
    nonempty,
)
from attnviz.render.row_remainder import Remainder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

AXES = "thumbnails: queries (down) × keys (across)"
PITCH = 1.08  # distance between thumbnails, in widths of a thumbnail
PITCH_WITH_PATTERNS = 1.2  # vertical distance with pattern labels below
SMALL = 6.0  # font size of pattern labels, points
MAX_LABEL = 3.0  # inches of the label of a row
SMALLEST, LARGEST = 0.5, 1.6  # sides of a thumbnail, inches
MAX_ASPECT = 3.0  # aspect ratio of a thumbnail


def draw_overview(drawable: Drawable) -> Figure:
    """All heads of all layers on one color scale."""
    grid = OverviewGrid.of(drawable.amap)
    layout, pool, notes = arrange_overview(drawable, grid)
    figure = new_figure(drawable, layout, notes)
    axes = figure.add_axes(layout.panel_box(0))
    axes.spines[:].set_visible(False)
    draw_thumbnails(axes, drawable, grid, pool)
    label_axes(axes, drawable, grid, layout.panel)
    label_patterns(axes, drawable, grid, layout.panel[0] / len(grid.columns))
    axes.set(xlim=(0, len(grid.columns) * PITCH), ylim=(len(grid.rows) * row_pitch(drawable), 0))
    draw_colorbars(figure, drawable, layout)
    return figure


def row_pitch(drawable: Drawable) -> float:
    """The distance between rows of thumbnails, in heights of a thumbnail."""
    return PITCH_WITH_PATTERNS if drawable.style.patterns else PITCH


def arrange_overview(
    drawable: Drawable, grid: OverviewGrid
) -> tuple[FigureLayout, Pool, tuple[str, ...]]:
    """The layout, the pooling of weights finer than dots, and the notes."""
    amap, style = drawable.amap, drawable.style
    n_query, n_key = amap.weights.shape[2:]
    tall = min(max(n_query / n_key, 1 / MAX_ASPECT), MAX_ASPECT)
    across, down = len(grid.columns) * PITCH, len(grid.rows) * row_pitch(drawable)
    labels = max(text_width(row, NAME) for row in grid.rows)
    need = PanelSize(wide=across, tall=down * tall, smallest=SMALLEST, largest=LARGEST)
    always = nonempty(AXES, drawable.pooled_note, *drawable.cell_notes, Remainder.note(amap))
    notes, width = always, (style.size or PAGE)[0]
    for _ in range(3):
        margins = Margins(
            left=EDGE + 0.4 + min(MAX_LABEL, max(0.15, labels)),
            right=colorbars_width(drawable) + EDGE,
            top=header_height(drawable, notes, width) + 0.15,
            bottom=EDGE,
            across=0.0,
            down=0.0,
        )
        layout = compute_layout(1, (1,), need, margins, style.size, style.dpi)
        cell = (layout.panel[0] / across / n_key, layout.panel[1] / down / n_query)
        pool, width = pool_to_dots(drawable, cell), layout.size[0]
        notes = nonempty(*always, pool.note(is_mask=drawable.is_mask))
    return layout, pool, notes


def draw_thumbnails(axes: Axes, drawable: Drawable, grid: OverviewGrid, pool: Pool) -> None:
    """Draw a small heatmap per head; grid cells are PITCH wide."""
    from matplotlib.collections import PolyCollection

    n_query, n_key = drawable.amap.weights.shape[2:]
    corners = []
    for (layer, head), (row, column) in grid.cells.items():
        left, top = column * PITCH, row * row_pitch(drawable)
        weights = drawable.amap.weights[layer, head]
        draw_heat_image(
            axes, drawable.of_head((layer, head)), weights, (left, left + 1, top + 1, top), pool
        )
        draw_masked(axes, drawable.masked[layer, head], (left, top), (1 / n_key, 1 / n_query))
        draw_borders(axes, drawable, (left, top), (1 / n_key, 1 / n_query), 0.5)
        corners.append((left, top))
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    outlines = [square + corner for corner in corners]
    axes.add_collection(
        PolyCollection(outlines, facecolor="none", edgecolor=HAIR, linewidth=0.6, clip_on=False)
    )


def label_patterns(axes: Axes, drawable: Drawable, grid: OverviewGrid, width: float) -> None:
    """Label each thumbnail with the pattern of its head, where that fits into `width` inches."""
    amap = drawable.amap
    for (layer, head), (row, column) in grid.cells.items():
        at = amap.layers[layer], amap.heads[head]
        name, score = drawable.style.patterns.get(at, ("", 0.0))
        scored = f"{name} {score:.2f}" if name else ""
        fits = (text for text in (scored, name) if text_width(text, SMALL) <= width)
        axes.annotate(
            next(fits, ""), (column * PITCH, row * row_pitch(drawable) + 1), (0, -1.5),
            textcoords="offset points", fontsize=SMALL, color=FAINT, va="top",
        )  # fmt: skip


def label_axes(
    axes: Axes, drawable: Drawable, grid: OverviewGrid, panel: tuple[float, float]
) -> None:
    """Label rows with layers or maps and columns with heads, as many as fit."""
    down = AxisLabels.for_rows(grid.rows, panel[1] / len(grid.rows), drawable.fonts)
    across = AxisLabels.for_rows(grid.columns, panel[0] / len(grid.columns), drawable.fonts)
    positions, labels = list(down.positions), list(down.labels)
    if grid.row_name != "layer":  # names of maps, which have room of their own
        positions = list(range(len(grid.rows)))
        labels = [drawable.fonts.truncate(row, NAME, MAX_LABEL) for row in grid.rows]
    middles = [row * row_pitch(drawable) + 0.5 for row in positions]
    axes.set_yticks(middles, labels, fontsize=NAME, color=INK)
    axes.set_xticks(
        [head * PITCH + 0.5 for head in across.positions], across.labels, fontsize=NAME, color=INK
    )
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0, pad=2)
    axes.set_ylabel(grid.row_name, fontsize=NAME, color=FAINT)
    axes.set_xlabel("head", fontsize=NAME, color=FAINT)
