"""The lines view: queries left, keys right, a line for each weight."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.record import Record
from attnviz.render.figure.axis_labels import USUAL, Names
from attnviz.render.figure.colorbar import BAR_ROOM, colour_bar, figures
from attnviz.render.figure.drawable import Subject
from attnviz.render.figure.fonts import width_of
from attnviz.render.figure.layout import PAGE, Need, Room, Sheet, lay_out
from attnviz.render.figure.titles import (
    EDGE,
    FAINT,
    INK,
    LINE,
    NAME,
    blank,
    head_room,
    heading_room,
    notes_on,
    panels,
)
from attnviz.render.row_remainder import KEPT

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

FAINTEST = 0.01  # of the largest weight; what is less would not be seen
THINNEST, THICKEST = 0.4, 2.6  # points
LEAST_PITCH, MOST_PITCH = 0.1, 0.32  # inches from a token to the next
SHAPE = 0.7  # how wide the field of lines is, in its heights
FEWEST = 5  # tokens that a field has room for, at least
PAD = 0.06  # inches between a name and the lines


class Fields(Record):
    """The fields of lines on their sheet, `tall` tokens high, and the names on both sides."""

    sheet: Sheet
    tall: int
    queries: Names
    keys: Names
    left: float
    right: float


def above(subject: Subject) -> float:
    """How much higher captions stand, so that they are as wide as the names too, in inches."""
    return LINE * bool(subject.style.captions)


def lines(subject: Subject) -> Figure:
    """Each head as a field of lines: dark and thick where the weight is large."""
    column = subject.column
    kept = column if column and column.mark == KEPT else None
    keys = (*subject.keys, KEPT) if kept else subject.keys
    notes = notes_on(
        f"no line: less than {figures(FAINTEST * subject.scale.high)}"
        + (", or hidden" if subject.hidden_note else ""),
        column.note if column else "",
    )
    made = arrange(subject, keys, notes)
    figure = blank(subject, made.sheet, notes)
    pad = PAD / made.sheet.panel[0]
    # Captions have a line of their own, above the names', and may be as wide as both.
    left, right = (made.left, made.right) if subject.style.captions else (0.0, 0.0)
    heads = panels(figure, subject, made.sheet, left + right, before=left, above=above(subject))
    for place, axes in heads:
        weights = subject.amap.weights[place]
        if kept:
            weights = np.column_stack([weights, kept.values[place]])
        put_lines(axes, subject, weights, made.tall)
        put_names(axes, made.queries, heights(len(subject.queries), made.tall), -pad, "query")
        put_names(axes, made.keys, heights(len(keys), made.tall), 1 + pad, "key")
        axes.set(xlim=(0, 1), ylim=(made.tall - 0.5, -0.5))
    colour_bar(figure, subject, made.sheet, beyond=made.keys.longest + PAD)
    return figure


def arrange(subject: Subject, keys: tuple[str, ...], notes: tuple[str, ...]) -> Fields:
    """Lay the fields out; how large they become decides about the words around them."""
    tall = max(FEWEST, len(subject.queries), len(keys))
    need = Need(wide=SHAPE * tall, tall=tall, smallest=LEAST_PITCH, largest=MOST_PITCH)
    style = subject.style
    left, right, width = USUAL, USUAL, (style.size or PAGE)[0]
    for _ in range(3):
        room = Room(
            left=EDGE + left + PAD,
            right=right + PAD + BAR_ROOM + EDGE,
            top=head_room(subject, notes, width) + above(subject) + 0.1,
            bottom=EDGE,
            across=right + left + 2 * PAD + 0.2,
            down=heading_room(subject) + above(subject) + 0.25,
        )
        sheet = lay_out(subject.n_panel, subject.columns, need, room, style.size, style.dpi)
        pitch = sheet.panel[1] / tall
        queries = Names.beside(subject.queries, pitch, subject.letters)
        after = Names.beside(keys, pitch, subject.letters)
        left = max(queries.longest, width_of("query", NAME))
        right = max(after.longest, width_of("key", NAME))
        width = sheet.size[0]
    return Fields(sheet, tall, queries, after, left + PAD, right + PAD)


def heights(n: int, tall: int) -> FloatArray:
    """Where `n` tokens stand in a field for `tall`: in its middle.    -> [token]"""
    return np.arange(n) + (tall - n) / 2


def put_lines(axes: Axes, subject: Subject, weights: FloatArray, tall: int) -> None:
    """A line for each weight that can be seen, the large ones on top.    weights [query, key]"""
    from matplotlib.collections import LineCollection

    share = np.abs(weights) / subject.scale.high
    q, k = np.nonzero(share >= FAINTEST)
    order = np.argsort(share[q, k], kind="stable")
    q, k = q[order], k[order]
    from_query, to_key = heights(weights.shape[0], tall)[q], heights(weights.shape[1], tall)[k]
    ends = np.stack([np.zeros(len(q)), from_query, np.ones(len(k)), to_key], axis=-1)
    axes.add_collection(
        LineCollection(
            list(ends.reshape(-1, 2, 2)),
            colors=subject.scale.rgb(weights[q, k]) / 255,
            linewidths=THINNEST + (THICKEST - THINNEST) * share[q, k],
            capstyle="round",
        )
    )


def put_names(axes: Axes, names: Names, places: FloatArray, x: float, what: str) -> None:
    """Names beside the field, and above them what they are.    places [token]"""
    align: Literal["left", "right"] = "right" if x < 0 else "left"
    for place, label in zip(names.places, names.labels, strict=True):
        axes.text(
            x, places[place], label, size=names.points, color=INK, ha=align, va="center_baseline"
        )
    axes.annotate(
        what, (x, 1), (0, 4), xycoords="axes fraction", textcoords="offset points",
        size=NAME, color=FAINT, ha=align,
    )  # fmt: skip
