"""Colors of cells, contrast of numbers on them, no escape codes without colors."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from rich.color import ColorSystem
from rich.console import Console

from attnviz.render.colors import PALETTES, ColorScale
from attnviz.render.style import Style
from attnviz.render.terminal import table
from attnviz.render.terminal.cell_colors import cell_style
from attnviz.render.views import VIEWS
from tests.conftest import make_map
from tests.render.consoles import printed, segments
from tests.render.test_colour import contrast

DEPTHS = {
    "standard": ColorSystem.STANDARD,
    "256": ColorSystem.EIGHT_BIT,
    "truecolor": ColorSystem.TRUECOLOR,
}
VIEW_NAMES = [view.name for view in VIEWS]


def number_cells(lines):
    """Text and ground of every coloured number."""
    return [
        (segment.text.strip(), tuple(segment.style.bgcolor.get_truecolor()))
        for line in lines
        for segment in line
        if segment.style and segment.style.bgcolor and segment.text.strip()
    ]


@pytest.mark.parametrize("palette", [None, "magma", "RdBu"])
def test_cells_have_the_colour_of_their_weight(palette):
    amap = make_map(n_head=1)
    scale = ColorScale.of(amap.weights, palette=palette)
    expect = [tuple(rgb) for rgb in scale.rgb(amap.weights).reshape(-1, 3).tolist()]
    assert [rgb for _, rgb in number_cells(segments(amap, palette=palette))] == expect


def test_masked_cells_have_no_colour():
    visible = np.tril(np.ones((3, 3), bool))
    amap = make_map(n_head=1, visible=visible)
    assert len(number_cells(segments(amap))) == visible.sum()


@pytest.mark.parametrize("palette", PALETTES, ids=lambda p: p.name)
@pytest.mark.parametrize("depth", DEPTHS.values(), ids=DEPTHS)
def test_ink_is_readable_on_what_is_really_shown(palette, depth):
    for level in range(256):
        style = cell_style(palette, depth, level)
        assert contrast(style.color.get_truecolor(), style.bgcolor.get_truecolor()) >= 4.5


def test_ink_for_the_wished_colour_would_not_be_readable_in_sixteen_colours():
    def naive(palette, level):
        wished = cell_style(palette, ColorSystem.TRUECOLOR, level).color
        shown = cell_style(palette, ColorSystem.STANDARD, level).bgcolor
        return contrast(wished.get_truecolor(), shown.get_truecolor())

    assert min(naive(p, level) for p in PALETTES for level in range(256)) < 4.5


@pytest.mark.parametrize("view", VIEW_NAMES)
@pytest.mark.parametrize("n_token", [3, 30])
def test_without_colours_there_is_no_escape(view, n_token):
    amap = make_map(["t"] * n_token)
    assert "\x1b" not in printed(amap, view=view)
    out = io.StringIO()
    no_colour = Console(file=out, force_terminal=True, no_color=True, color_system="truecolor")
    no_colour.print(table(amap, Style(view=view)))
    assert out.getvalue() and "\x1b" not in out.getvalue()


@pytest.mark.parametrize("colour", DEPTHS)
@pytest.mark.parametrize("view", VIEW_NAMES)
def test_with_colours_there_is_nothing_but_colours(view, colour):
    text = printed(make_map(), colour=colour, view=view)
    assert re.sub(r"\x1b\[[\d;]*m", "", text).replace("\n", "").isprintable()
    assert "\x1b[" in text


@pytest.mark.parametrize("view", ["matrix", "text", "lines", "rows"])
def test_colours_add_nothing_that_the_text_does_not_say(view):
    amap = make_map(visible=np.tril(np.ones((3, 3), bool)))
    bare = re.sub(r"\x1b\[[\d;]*m", "", printed(amap, colour="truecolor", view=view))

    def body(text):
        return [line.rstrip() for line in text.splitlines() if not line.startswith("scale")]

    assert body(bare) == body(printed(amap, view=view))
