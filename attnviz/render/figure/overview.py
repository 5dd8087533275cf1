"""The overview: every head as a thumbnail, layers down, heads across."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from attnviz.render.cell_pooling import Pool
from attnviz.render.figure.axis_labels import Names
from attnviz.render.figure.colorbar import BAR_ROOM, colour_bar
from attnviz.render.figure.drawable import Subject
from attnviz.render.figure.fonts import width_of
from attnviz.render.figure.heat_image import heat, pool_for
from attnviz.render.figure.layout import PAGE, Need, Room, Sheet, lay_out
from attnviz.render.figure.masked_hatch import shade
from attnviz.render.figure.segment_lines import draw_borders
from attnviz.render.figure.titles import EDGE, FAINT, HAIR, INK, NAME, blank, head_room, notes_on
from attnviz.render.row_remainder import Remainder

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

READ = "in each: queries down, keys across"
PITCH = 1.08  # from one thumbnail to the next, in widths of a thumbnail
NAMED = 1.2  # the same downwards, where patterns are named below them
SMALL = 6.0  # points of such a name
SMALLEST, LARGEST = 0.5, 1.6  # inches
LONGEST_SIDE = 3.0  # how many times as long as the other a side of a thumbnail may be


def overview(subject: Subject) -> Figure:
    """All heads of all layers on one scale."""
    n_layer, n_head = subject.amap.weights.shape[:2]
    sheet, pool, notes = arrange(subject)
    figure = blank(subject, sheet, notes)
    axes = figure.add_axes(sheet.place(0))
    axes.spines[:].set_visible(False)
    thumbnails(axes, subject, pool)
    number(axes, subject, sheet.panel)
    name_patterns(axes, subject, sheet.panel[0] / n_head)
    axes.set(xlim=(0, n_head * PITCH), ylim=(n_layer * pitch(subject), 0))
    colour_bar(figure, subject, sheet)
    return figure


def pitch(subject: Subject) -> float:
    """From one row of thumbnails to the next, in heights of a thumbnail."""
    return NAMED if subject.style.patterns else PITCH


def arrange(subject: Subject) -> tuple[Sheet, Pool, tuple[str, ...]]:
    """The sheet, how many weights share a dot on it, and what has to be said."""
    amap, style = subject.amap, subject.style
    n_layer, n_head, n_query, n_key = amap.weights.shape
    tall = min(max(n_query / n_key, 1 / LONGEST_SIDE), LONGEST_SIDE)
    across, down = n_head * PITCH, n_layer * pitch(subject)
    need = Need(wide=across, tall=down * tall, smallest=SMALLEST, largest=LARGEST)
    always = notes_on(READ, subject.pooled_note, subject.hidden_note, Remainder.note(amap))
    notes, width = always, (style.size or PAGE)[0]
    for _ in range(3):
        room = Room(
            left=EDGE + 0.55,
            right=BAR_ROOM + EDGE,
            top=head_room(subject, notes, width) + 0.15,
            bottom=EDGE,
            across=0.0,
            down=0.0,
        )
        sheet = lay_out(1, (1,), need, room, style.size, style.dpi)
        cell = (sheet.panel[0] / across / n_key, sheet.panel[1] / down / n_query)
        pool, width = pool_for(subject, cell), sheet.size[0]
        notes = notes_on(*always, pool.note)
    return sheet, pool, notes


def thumbnails(axes: Axes, subject: Subject, pool: Pool) -> None:
    """A small heatmap at the place of each head; a place is PITCH wide."""
    from matplotlib.collections import PolyCollection

    n_query, n_key = subject.amap.weights.shape[2:]
    corners = []
    for layer, head in subject.heads():
        left, top = head * PITCH, layer * pitch(subject)
        weights = subject.amap.weights[layer, head]
        heat(axes, subject, weights, (left, left + 1, top + 1, top), pool)
        shade(axes, subject.hidden[layer, head], (left, top), (1 / n_key, 1 / n_query))
        draw_borders(axes, subject, (left, top), (1 / n_key, 1 / n_query), 0.5)
        corners.append((left, top))
    square = np.array([(0, 0), (1, 0), (1, 1), (0, 1)])
    outlines = [square + corner for corner in corners]
    axes.add_collection(
        PolyCollection(outlines, facecolor="none", edgecolor=HAIR, linewidth=0.6, clip_on=False)
    )


def name_patterns(axes: Axes, subject: Subject, room: float) -> None:
    """Below each thumbnail, in so many inches, the pattern that its head fits, if it fits one."""
    amap = subject.amap
    for layer, head in subject.heads():
        at = amap.layers[layer], amap.heads[head]
        name, score = subject.style.patterns.get(at, ("", 0.0))
        whole = f"{name} {score:.2f}" if name else ""
        fits = (text for text in (whole, name) if width_of(text, SMALL) <= room)
        axes.annotate(
            next(fits, ""), (head * PITCH, layer * pitch(subject) + 1), (0, -1.5),
            textcoords="offset points", fontsize=SMALL, color=FAINT, va="top",
        )  # fmt: skip


def number(axes: Axes, subject: Subject, panel: tuple[float, float]) -> None:
    """Number layers and heads, as many as there is room for."""
    amap = subject.amap
    down = Names.beside(tuple(map(str, amap.layers)), panel[1] / amap.n_layer, subject.letters)
    across = Names.beside(tuple(map(str, amap.heads)), panel[0] / amap.n_head, subject.letters)
    axes.set_yticks(
        [place * pitch(subject) + 0.5 for place in down.places],
        down.labels,
        fontsize=NAME,
        color=INK,
    )
    axes.set_xticks(
        [place * PITCH + 0.5 for place in across.places], across.labels, fontsize=NAME, color=INK
    )
    axes.xaxis.tick_top()
    axes.xaxis.set_label_position("top")
    axes.tick_params(length=0, pad=2)
    axes.set_ylabel("layer", fontsize=NAME, color=FAINT)
    axes.set_xlabel("head", fontsize=NAME, color=FAINT)
