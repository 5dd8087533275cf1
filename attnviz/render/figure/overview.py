"""The overview: a thumbnail of every head in a grid of layers (down) × heads (across)."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from attnviz.record import Record
from attnviz.render.cell_pooling import Pool
from attnviz.render.figure.colorbar import colorbars_width, draw_colorbars
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.figure_plan import FigurePlan, is_roomy
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.heat_image import pool_to_dots
from attnviz.render.figure.layout import FigureLayout, Margins, PanelSize, compute_layout
from attnviz.render.figure.overview_grid import OverviewGrid
from attnviz.render.figure.page_size import Page
from attnviz.render.figure.pattern_labels import PatternLabels
from attnviz.render.figure.thumbnails import draw_thumbnails, label_axes, label_patterns
from attnviz.render.figure.titles import header_height, heading_height, new_figure, nonempty
from attnviz.render.row_remainder import Remainder

if TYPE_CHECKING:
    from matplotlib.figure import Figure

AXES = "thumbnails: queries (down) × keys (across)"
MAX_LABEL = 3.0  # inches of the label of a row
SMALLEST, LARGEST, LEAST = 0.5, 1.6, 0.1  # sides of a thumbnail, inches; at a requested size
GAP = 0.05  # inches between thumbnails at full size
MAX_ASPECT = 3.0  # aspect ratio of a thumbnail


class OverviewLayout(Record):
    """The layout of the thumbnails, the pooling of weights finer than dots, labels and notes."""

    layout: FigureLayout
    pool: Pool
    patterns: PatternLabels
    notes: tuple[str, ...]


def plan_overview(drawable: Drawable) -> FigurePlan:
    """All heads of all layers on one color scale."""
    grid = OverviewGrid.of(drawable.amap)
    need = thumbnail_size(drawable)
    arranged = arrange_overview(drawable, grid, need)
    n, layout = grid.n_cell, arranged.layout
    roomy = is_roomy(n, (len(grid.columns),), need, layout)
    draw = partial(draw_overview, drawable, grid, arranged)
    return FigurePlan(layout, draw, layout.share(n), roomy)


def draw_overview(drawable: Drawable, grid: OverviewGrid, arranged: OverviewLayout) -> Figure:
    """Draw all thumbnails on one pair of axes, in inches, with the labels of rows and columns."""
    layout = arranged.layout
    figure = new_figure(drawable, layout, arranged.notes)
    width, height = layout.right_edge - layout.margins.left, layout.panels_height
    box = layout.fraction_box(layout.margins.left, layout.margins.top, width, height)
    axes = figure.add_axes(box, label="overview")
    axes.spines[:].set_visible(False)
    draw_thumbnails(axes, drawable, grid, layout, arranged.pool)
    label_axes(axes, drawable, grid, layout)
    label_patterns(axes, grid, layout, arranged.patterns)
    axes.set(xlim=(0, width), ylim=(height, 0))
    draw_colorbars(figure, drawable, layout)
    return figure


def thumbnail_size(drawable: Drawable) -> PanelSize:
    """The aspect ratio of a thumbnail and the bounds of its size."""
    n_query, n_key = drawable.amap.weights.shape[2:]
    tall = min(max(n_query / n_key, 1 / MAX_ASPECT), MAX_ASPECT)
    return PanelSize(wide=1.0, tall=tall, smallest=SMALLEST, largest=LARGEST, least=LEAST)


def arrange_overview(drawable: Drawable, grid: OverviewGrid, need: PanelSize) -> OverviewLayout:
    """Lay out thumbnails, in several passes: notes and labels depend on their size."""
    amap, style, page = drawable.amap, drawable.style, Page.of(drawable.style)
    n_query, n_key = amap.weights.shape[2:]
    always = nonempty(AXES, drawable.pooled_note, *drawable.cell_notes, Remainder.note(amap))
    notes, width, patterns = always, page.width, PatternLabels.of(drawable, grid, LARGEST)
    for _ in range(3):
        margins = overview_margins(
            drawable, grid, header_height(drawable, notes, width), patterns.height
        )
        layout = compute_layout(grid.n_cell, (len(grid.columns),), need, margins, page, style.dpi)
        cell = (layout.panel[0] / n_key, layout.panel[1] / n_query)
        pool, width = pool_to_dots(drawable, cell), layout.size[0]
        patterns = PatternLabels.of(drawable, grid, layout.panel[0])
        notes = nonempty(*always, pool.note(is_mask=drawable.is_mask), *patterns.legend)
    return OverviewLayout(layout, pool, patterns, notes)


def overview_margins(drawable: Drawable, grid: OverviewGrid, top: float, label: float) -> Margins:
    """The margins with labels of rows and columns; `label` is the height below a thumbnail."""
    sizes = drawable.type
    rows = min(MAX_LABEL, max(text_width(row, sizes.name) for row in grid.rows))
    gap = GAP * sizes.factor
    return Margins(
        left=sizes.edge + sizes.axis_name + max(rows, 0.1),
        right=colorbars_width(drawable) + sizes.edge,
        top=top - heading_height(drawable) + sizes.axis_name + 1.3 * sizes.name / 72,
        bottom=sizes.edge + label,
        across=gap,
        down=gap + label,
    )
