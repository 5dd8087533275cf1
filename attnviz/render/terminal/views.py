"""The table of views: ways to look at a map in the terminal."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Protocol, cast

from attnviz.core.attention_map import AttentionMap
from attnviz.lookup import find
from attnviz.record import Record
from attnviz.render.style import Style
from attnviz.render.terminal.context import Scene
from attnviz.render.terminal.layout import Line

MOST_NUMBERS = 24  # tokens on either side of which numbers can be read
MOST_HEADS = 16  # matrices that are drawn one by one without being asked for


class Drawing(Protocol):
    """What a module of this package offers that can draw a map."""

    def draw(self, scene: Scene) -> Iterator[Line]:
        """The whole picture, line by line."""

    def natural_width(self, scene: Scene) -> int:
        """How wide it is when nothing is cut."""


def drawing(name: str) -> Drawing:
    """A module of this package; the others are not loaded."""
    return cast(Drawing, import_module(f"attnviz.render.terminal.{name}"))


def matrix(amap: AttentionMap, style: Style) -> Drawing:
    """Numbers, or blocks where there are too many tokens for numbers."""
    few = max(len(amap.queries), len(amap.keys)) <= MOST_NUMBERS
    return drawing("numbers" if (few if style.annotate is None else style.annotate) else "blocks")


def suited(amap: AttentionMap, style: Style) -> Drawing:
    """A matrix a head, or all heads at a glance where they are many."""
    return matrix(amap, style) if amap.n_layer * amap.n_head <= MOST_HEADS else drawing("overview")


def always(name: str) -> Callable[[AttentionMap, Style], Drawing]:
    """One drawing for all maps."""
    return lambda amap, style: drawing(name)


class View(Record):
    """A way to look at a map, and which drawing it takes for which map."""

    name: str
    summary: str
    drawing_for: Callable[[AttentionMap, Style], Drawing]


VIEWS = (
    View("auto", "a matrix a head; an overview where heads are many", suited),
    View("matrix", "numbers on coloured cells; blocks of colour above 24 tokens", matrix),
    View("overview", "a thumbnail a head, layers by heads", always("overview")),
    View("text", "the tokens, coloured by the weights of one query", always("text")),
    View("lines", "the strongest links, drawn as lines", always("lines")),
    View("rows", "a line of bars for each query", always("rows")),
)


def find_view(name: str) -> View:
    """The view of this name; UnknownNameError says which one was probably meant."""
    return find(VIEWS, name, "view")
