"""Attention in the terminal: tables, block maps and other views, as rich renderables."""

from __future__ import annotations

from io import StringIO

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment

from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record
from attnviz.render.colors import find_palette
from attnviz.render.style import Style, query_of
from attnviz.render.terminal.context import Scene
from attnviz.render.terminal.screen import Screen
from attnviz.render.terminal.views import VIEWS, Drawing, View, find_view

__all__ = ["VIEWS", "Picture", "View", "find_view", "table"]


def table(amap: AttentionMap, style: Style) -> Picture:
    """The map as something rich can print, in the view that the style asks for.

    Raises UnknownNameError for a view or a palette that does not exist, MisuseError for a
    query that the map does not have.
    """
    find_palette(style.palette)
    query_of(amap, style)
    return Picture(amap, style, find_view(style.view).drawing_for(amap, style))


class Picture(Record):
    """A map as it shows itself on a console: the console says how wide, the drawing decides.

    Measured with unlimited width, it says how wide it is when nothing is cut or goes on
    below: what a pipe should be given.
    """

    amap: AttentionMap
    style: Style
    drawing: Drawing

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for line in self.drawing.draw(self.scene(console, options)):
            yield from line
            yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        natural = self.drawing.natural_width(self.scene(console, options))
        return Measurement(1, natural).with_maximum(options.max_width)

    def __str__(self) -> str:
        """The drawing as plain text, for a notebook or a log."""
        text = StringIO()
        Console(file=text, width=80, color_system=None, force_jupyter=False).print(self)
        return text.getvalue()

    def scene(self, console: Console, options: ConsoleOptions) -> Scene:
        """What is drawn from, on this console."""
        screen = Screen.of(console, options, self.style.ascii)
        return Scene.of(self.amap, self.style, screen)
