"""Attention maps in the terminal: number tables, block maps and other views, for rich."""

from __future__ import annotations

from io import StringIO
from itertools import chain

from rich.console import Console, ConsoleOptions, RenderResult
from rich.measure import Measurement
from rich.segment import Segment

from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record
from attnviz.render.colors import find_palette
from attnviz.render.style import Style, query_index
from attnviz.render.terminal.context import RenderContext
from attnviz.render.terminal.predictions import prediction_lines
from attnviz.render.terminal.screen import Screen
from attnviz.render.terminal.views import ViewModule, choose_module
from attnviz.render.views import require_scaled_view


def table(amap: AttentionMap, style: Style) -> TerminalMap:
    """The map as a rich renderable, in the requested view.

    Raises UnknownNameError for a view or a palette that does not exist, MisuseError for a
    query that is out of range.
    """
    find_palette(style.palette)
    require_scaled_view(style.view, style)
    query_index(amap, style)
    return TerminalMap(amap, style, choose_module(amap, style))


def print_map(amap: AttentionMap, style: Style) -> None:
    """Print the map to standard output, in the colors and the width of the terminal."""
    console = Console(markup=False, emoji=False, highlight=False, force_jupyter=False)
    console.print(table(amap, style))


class TerminalMap(Record):
    """A map in one view, laid out for the width of the console that prints it.

    Measured with unlimited width, it reports its natural width, at which nothing is truncated
    or continued below: the width for output into a pipe.
    """

    amap: AttentionMap
    style: Style
    module: ViewModule

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        context = self.context(console, options)
        for line in chain(self.module.render_lines(context), prediction_lines(context)):
            yield from line
            yield Segment.line()

    def __rich_measure__(self, console: Console, options: ConsoleOptions) -> Measurement:
        natural = self.module.natural_width(self.context(console, options))
        return Measurement(1, natural).with_maximum(options.max_width)

    def __str__(self) -> str:
        """The view as plain text, 80 columns wide, for a notebook or a log."""
        text = StringIO()
        console = Console(
            file=text, width=80, color_system=None, force_jupyter=False, markup=False, emoji=False
        )
        console.print(self)
        return text.getvalue()

    def context(self, console: Console, options: ConsoleOptions) -> RenderContext:
        """The render context for this console."""
        screen = Screen.of(console, options, self.style.ascii)
        return RenderContext.of(self.amap, self.style, screen)
