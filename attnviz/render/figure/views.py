"""The table of views."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from attnviz.core.attention_map import AttentionMap
from attnviz.lookup import find
from attnviz.record import Record
from attnviz.render.figure.drawable import Subject
from attnviz.render.figure.lines import lines
from attnviz.render.figure.matrix import matrix
from attnviz.render.figure.overview import overview
from attnviz.render.figure.rows import rows
from attnviz.render.figure.text import sentence
from attnviz.render.style import Style

if TYPE_CHECKING:
    from matplotlib.figure import Figure


class View(Record):
    """A way to draw a map, and the palette that suits it."""

    name: str
    summary: str
    draw: Callable[[Subject], Figure]
    palette: str | None = None


VIEWS = (
    View("matrix", "a heatmap a head: queries down, keys across", matrix),
    View("overview", "thumbnails: layers down, heads across", overview),
    View("lines", "queries left, keys right, a line a weight", lines, "Blues"),
    View("text", "the keys as text, coloured by one query's weights", sentence, "Blues"),
    View("rows", "a row of bars a query", rows),
)


def view_of(amap: AttentionMap, style: Style) -> View:
    """The view that was asked for; by itself, an overview of several layers, else matrices."""
    if style.view == "auto":
        return find(VIEWS, "overview" if amap.n_layer > 1 else "matrix", "view")
    return find(VIEWS, style.view, "view")
