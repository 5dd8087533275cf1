"""Panel layout: the panels of all heads on the page, with their labels and notes."""

from __future__ import annotations

from attnviz.record import Record
from attnviz.render.figure.axis_labels import DEFAULT_EXTENT, LEADING, AxisLabels
from attnviz.render.figure.colorbar import colorbars_width
from attnviz.render.figure.drawable import Drawable
from attnviz.render.figure.figure_plan import is_roomy
from attnviz.render.figure.fonts import text_width
from attnviz.render.figure.heat_image import pool_to_dots
from attnviz.render.figure.layout import FigureLayout, Margins, PanelSize, compute_layout
from attnviz.render.figure.page_size import PAGE, Page
from attnviz.render.figure.titles import captions_fit, header_height, heading_height, nonempty
from attnviz.render.figure.type_sizes import SMALLEST

CLEAR_CELL, MIN_CELL, MAX_CELL = 0.1, 0.012, 0.5  # inches
MIN_PANEL, LARGE_PANEL, MAX_HEADING = 0.9, 4.0, 2.4  # inches
TICK_ROOM = 0.07  # inches, of ticks and their pads, without the name of the axis
WITHOUT_CAPTIONS = 0.6  # of the gap between panels with captions, which may be as wide
LABELLED = 1.01 * SMALLEST * LEADING / 72  # inches: a row with a readable label


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
    is_roomy: bool
    captions_fit: bool


def panel_need(drawable: Drawable, least: float) -> PanelSize:
    """The cells of a panel, at least `least` inches wide."""
    wide, tall = drawable.right_edge + 0.5, len(drawable.queries)
    smallest = min(max(LARGE_PANEL / max(wide, tall), MIN_CELL), CLEAR_CELL)
    return PanelSize(
        wide=wide,
        tall=tall,
        smallest=max(smallest, least, min(MIN_PANEL / wide, PAGE[1] / tall)),
        largest=max(MAX_CELL, MIN_PANEL / wide),
        label=LABELLED,
    )


def arrange_panels(drawable: Drawable, least: float, bars: str) -> PanelLayout:
    """Lay out panels and labels, in several passes: each depends on the size of the other."""
    style, sizes, column = drawable.style, drawable.type, drawable.remainder
    need, page = panel_need(drawable, least), Page.of(drawable.style)
    always = nonempty(
        bars, drawable.pooled_note, *drawable.cell_notes, column.note if column else ""
    )
    left, bottom, over = DEFAULT_EXTENT, DEFAULT_EXTENT, 0.0
    notes, width, is_refined = always, page.width, False
    for _ in range(4):
        margins = panel_margins(
            drawable, left, bottom, over, header_height(drawable, notes, width), bars
        )
        layout = compute_layout(
            drawable.n_panel, drawable.column_choices, need, margins, page, style.dpi
        )
        cell = (layout.panel[0] / need.wide, layout.panel[1] / need.tall)
        down, below = AxisLabels.for_both(
            drawable.queries, drawable.keys, cell, drawable.fonts, sizes.label
        )
        left = max(left, down.max_width) if is_refined else down.max_width
        bottom = max(bottom, below.extent) if is_refined else below.extent
        width, is_refined = layout.size[0], True
        over = max(over, heading_width(drawable) - layout.panel[0])
        notes = nonempty(
            *always, "" if bars else pool_to_dots(drawable, cell).note(is_mask=drawable.is_mask)
        )
    roomy = is_roomy(drawable.n_panel, drawable.column_choices, need, layout)
    fit = captions_fit(drawable, layout.panel[0] + over)
    return PanelLayout(layout, cell, down, below, over, notes, roomy, fit)


def panel_margins(
    drawable: Drawable, left: float, bottom: float, over: float, top: float, bars: str
) -> Margins:
    """The margins for labels that extend `left` and `bottom` inches from the panels."""
    sizes = drawable.type
    axis_name = sizes.axis_name if drawable.has_axis_names else TICK_ROOM
    gap = sizes.between * (1.0 if drawable.style.captions else WITHOUT_CAPTIONS)
    return Margins(
        left=sizes.edge + axis_name + left,
        right=over + (0.0 if bars else colorbars_width(drawable)) + sizes.edge,
        top=top,
        bottom=sizes.edge + axis_name + bottom,
        across=over + gap,
        down=heading_height(drawable) + 0.8 * gap,
    )


def heading_width(drawable: Drawable) -> float:
    """The room that the longest of the short headings takes, in inches."""
    if not drawable.has_headings:
        return 0.0
    short = (drawable.heading(*at, short=True) for at in drawable.head_indices())
    return min(MAX_HEADING, max(text_width(text, drawable.type.heading) for text in short))
