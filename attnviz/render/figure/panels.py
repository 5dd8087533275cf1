"""Small multiples: a panel for each head, queries down, keys across, named at the outer edges."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.record import Record
from attnviz.render.figure.axis_labels import USUAL, Names
from attnviz.render.figure.cell_numbers import Digits
from attnviz.render.figure.colorbar import BAR_ROOM, colour_bar
from attnviz.render.figure.drawable import Subject
from attnviz.render.figure.fonts import width_of
from attnviz.render.figure.heat_image import pool_for
from attnviz.render.figure.layout import PAGE, Need, Room, Sheet, lay_out
from attnviz.render.figure.masked_hatch import shade
from attnviz.render.figure.remainder_column import Column
from attnviz.render.figure.segment_lines import draw_borders
from attnviz.render.figure.titles import (
    EDGE,
    FAINT,
    HAIR,
    HEADING,
    INK,
    NAME,
    blank,
    head_room,
    heading_room,
    notes_on,
    panels,
)

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

WELL_SEEN, LEAST_SEEN, LARGEST_CELL = 0.1, 0.012, 0.5  # inches
SMALLEST_PANEL, LARGE_PANEL, BETWEEN, LONGEST_HEADING = 0.9, 4.0, 0.18, 2.0


class Panel(Record):
    """One head, and the axes it is drawn into.

    Shapes: weights [query, key]; `cell` is its width and height in inches.
    """

    axes: Axes
    subject: Subject
    place: tuple[int, int]
    cell: tuple[float, float]
    digits: Digits | None

    @property
    def weights(self) -> FloatArray:
        """The weights of this head.    -> [query, key]"""
        return self.subject.amap.weights[self.place]

    @property
    def hidden(self) -> BoolArray:
        """What may not be looked at.    -> [query, key]"""
        return self.subject.hidden[self.place]


class Arranged(Record):
    """The sheet of all panels, the size of a cell on it, and what is written around them.

    Headings reach `over` so many inches beyond their panels.
    """

    sheet: Sheet
    cell: tuple[float, float]
    down: Names
    below: Names
    over: float
    notes: tuple[str, ...]


def small_multiples(
    subject: Subject,
    paint: Callable[[Panel], None],
    *,
    least: float = 0.0,
    bars: str = "",
) -> Figure:
    """A panel a head, each painted by `paint`; cells are at least `least` inches wide.

    The scale is told by a colour bar, or where weights are bars by a note on `bars`.
    """
    made = arrange(subject, least, bars)
    sheet, digits = made.sheet, Digits.of(subject, made.cell)
    figure = blank(subject, sheet, made.notes)
    spare = made.over + BETWEEN / 2
    for index, (place, axes) in enumerate(panels(figure, subject, sheet, spare)):
        drawn = Panel(axes, subject, place, made.cell, digits)
        paint(drawn)
        shade(axes, drawn.hidden)
        draw_borders(axes, subject)
        outline(axes, -0.5, len(subject.keys) - 0.5, len(subject.queries))
        if index % sheet.columns == 0:
            name_queries(axes, made.down)
        if index + sheet.columns >= subject.n_panel:
            name_keys(axes, made.below, subject.column)
        axes.set(xlim=(-0.5, subject.right), ylim=(len(subject.queries) - 0.5, -0.5))
    if not bars:
        colour_bar(figure, subject, sheet, beyond=made.over)
    return figure


def arrange(subject: Subject, least: float, bars: str) -> Arranged:
    """Lay the panels out; how large they become decides about the words around them."""
    style, tall = subject.style, len(subject.queries)
    wide, column = subject.right + 0.5, subject.column
    smallest = min(max(LARGE_PANEL / max(wide, tall), LEAST_SEEN), WELL_SEEN)
    need = Need(
        wide=wide,
        tall=tall,
        smallest=max(smallest, least, min(SMALLEST_PANEL / wide, PAGE[1] / tall)),
        largest=max(LARGEST_CELL, SMALLEST_PANEL / wide),
    )
    always = notes_on(
        bars, subject.pooled_note, subject.hidden_note, column.note if column else ""
    )
    short = (subject.heading(*place, short=True) for place in subject.heads())
    heading = min(LONGEST_HEADING, max(width_of(text, HEADING) for text in short))
    left, bottom, over = USUAL, USUAL, 0.0
    notes, width, settled = always, (style.size or PAGE)[0], False
    for _ in range(4):
        room = Room(
            left=EDGE + 0.26 + left,
            right=over + (EDGE if bars else BAR_ROOM) + EDGE,
            top=head_room(subject, notes, width),
            bottom=EDGE + 0.3 + bottom,
            across=over + BETWEEN,
            down=heading_room(subject) + 0.12,
        )
        sheet = lay_out(subject.n_panel, subject.columns, need, room, style.size, style.dpi)
        cell = (sheet.panel[0] / wide, sheet.panel[1] / tall)
        down = Names.beside(subject.queries, cell[1], subject.letters)
        below = Names.below(subject.keys, cell[0], subject.letters)
        left = max(left, down.longest) if settled else down.longest
        bottom = max(bottom, below.depth) if settled else below.depth
        width, settled = sheet.size[0], True
        over = max(over, heading - sheet.panel[0])
        notes = notes_on(*always, "" if bars else pool_for(subject, cell).note)
    return Arranged(sheet, cell, down, below, over, notes)


def outline(axes: Axes, left: float, right: float, tall: int) -> None:
    """A hair line around cells, so that light ones do not run out into the paper."""
    from matplotlib.patches import Rectangle

    box = Rectangle((left, -0.5), right - left, tall, fill=False, clip_on=False)
    box.set(edgecolor=HAIR, linewidth=0.6)
    axes.add_patch(box)


def name_queries(axes: Axes, names: Names) -> None:
    """Name the rows."""
    axes.set_yticks(names.places, names.labels, fontsize=names.points, color=INK)
    axes.tick_params(axis="y", length=0 if names.step == 1 else 2, pad=2, width=0.6)
    axes.set_ylabel("query", fontsize=NAME, color=FAINT)


def name_keys(axes: Axes, names: Names, column: Column | None) -> None:
    """Name the columns."""
    after = () if column is None else ((column.middle, column.mark),)
    axes.set_xticks(
        [*names.places, *(middle for middle, _ in after)],
        [*names.labels, *(mark for _, mark in after)],
        fontsize=names.points, color=INK,
    )  # fmt: skip
    turned = axes.get_xticklabels()[: len(names.labels)] if names.angle else ()
    for label in turned:
        label.set(rotation=names.angle, rotation_mode="anchor", ha="right")
        label.set(va="top" if names.angle == 45 else "center_baseline")
    axes.tick_params(axis="x", length=0 if names.step == 1 else 2, pad=3, width=0.6)
    axes.set_xlabel("key", fontsize=NAME, color=FAINT)
