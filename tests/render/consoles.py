"""Consoles that record their output."""

from __future__ import annotations

import io

from rich.console import Console

from attnviz.render.style import Style
from attnviz.render.terminal import table


def console(width=80, colour=None, **more):
    return Console(
        file=io.StringIO(),
        width=width,
        height=30,
        color_system=colour,
        force_terminal=colour is not None,
        **more,
    )


def printed(amap, width=80, colour=None, **style):
    """The output on a console of this width and color system."""
    out = console(width, colour)
    out.print(table(amap, Style(**style)))
    return out.file.getvalue()


def segments(amap, width=80, colour="truecolor", **style):
    """The same as lines of rich segments, with their styles."""
    return console(width, colour).render_lines(table(amap, Style(**style)), pad=False)
