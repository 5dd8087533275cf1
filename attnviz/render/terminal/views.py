"""Views in the terminal: the module that renders a view of a map."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from typing import Protocol, cast

from attnviz.core.attention_map import AttentionMap
from attnviz.render.style import Style
from attnviz.render.terminal.context import RenderContext
from attnviz.render.terminal.layout import Line
from attnviz.render.views import find_view, has_many_heads

MAX_NUMBERS = 24  # queries or keys; a larger matrix is rendered as blocks, not numbers


class ViewModule(Protocol):
    """What every module of this package offers that renders a view."""

    def render_lines(self, context: RenderContext) -> Iterator[Line]:
        """The whole view, line by line."""

    def natural_width(self, context: RenderContext) -> int:
        """The width, in cells, at which nothing is truncated or continued below."""


def choose_module(amap: AttentionMap, style: Style) -> ViewModule:
    """The module that renders the requested view; no other one is imported.

    "auto" is the overview for many heads, else the matrix; a matrix is numbers
    up to MAX_NUMBERS tokens, else blocks, unless `style.annotate` requests one of them.

    Raises UnknownNameError for a view that does not exist.
    """
    name = find_view(style.view).terminal or "numbers"
    if chooses_overview(amap, style):
        name = "overview"
    if name == "numbers":
        is_small = max(len(amap.queries), len(amap.keys)) <= MAX_NUMBERS
        annotate = is_small if style.annotate is None else style.annotate
        name = "numbers" if annotate else "blocks"
    return cast(ViewModule, import_module(f"attnviz.render.terminal.{name}"))


def chooses_overview(amap: AttentionMap, style: Style) -> bool:
    """Whether the view is "auto" and that is the overview: for many heads."""
    return not find_view(style.view).terminal and has_many_heads(amap)
