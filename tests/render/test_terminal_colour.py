"""Colors of cells, contrast of numbers on them, no escape codes without colors."""

from __future__ import annotations

import io
import re

import numpy as np
import pytest
from rich._palettes import STANDARD_PALETTE, WINDOWS_PALETTE
from rich.color import ColorSystem
from rich.console import Console

from attnviz.render.colors import MIDDLE_LUMINANCE, ColorScale, luminance
from attnviz.render.palette import PALETTES
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


# What the 16 colors are, from 0 to 15: xterm's defaults; those of rich are VGA's and Windows'.
XTERM = """000000 cd0000 00cd00 cdcd00 0000ee cd00cd 00cdcd e5e5e5
           7f7f7f ff0000 00ff00 ffff00 5c5cff ff00ff 00ffff ffffff"""
TERMINALS = {
    "xterm": [tuple(bytes.fromhex(color)) for color in XTERM.split()],
    "VGA": [tuple(STANDARD_PALETTE[i]) for i in range(16)],
    "Windows": [tuple(WINDOWS_PALETTE[i]) for i in range(16)],
}


@pytest.mark.parametrize("palette", PALETTES, ids=lambda p: p.name)
@pytest.mark.parametrize("depth", ["256", "truecolor"])
def test_numbers_are_readable_on_their_cells(palette, depth):
    for level in range(256):
        style = cell_style(palette, DEPTHS[depth], level)
        assert style.bgcolor.number is None or style.bgcolor.number >= 16  # the same everywhere
        assert contrast(style.color.get_truecolor(), style.bgcolor.get_truecolor()) >= 4.5


@pytest.mark.parametrize("palette", PALETTES, ids=lambda p: p.name)
@pytest.mark.parametrize("depth", [ColorSystem.STANDARD, ColorSystem.WINDOWS], ids=str)
@pytest.mark.parametrize("terminal", TERMINALS.values(), ids=TERMINALS)
def test_numbers_are_readable_in_sixteen_colours_of_every_terminal(palette, depth, terminal):
    styles = [cell_style(palette, depth, level) for level in range(256)]
    for style in styles:
        assert contrast(terminal[style.color.number], terminal[style.bgcolor.number]) >= 4.5
    steps = list(dict.fromkeys(style.bgcolor.number for style in styles))
    assert tuple(steps) == palette.ansi
    light = np.array([luminance(terminal[number]) for number in steps])
    change = np.sign(np.diff(light))
    if palette.is_diverging:  # one way up to the neutral color in the middle, then the other way
        change[: len(change) // 2] *= -1
    assert abs(change.sum()) == len(change)


def test_text_chosen_by_the_colours_of_one_terminal_is_not_readable_in_another():
    def naive(number):
        return 0 if luminance(TERMINALS["VGA"][number]) > MIDDLE_LUMINANCE else 15

    worst = min(
        contrast(terminal[naive(number)], terminal[number])
        for terminal in TERMINALS.values()
        for number in range(16)
    )
    assert worst < 4.5


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
def test_colours_add_no_information_to_the_text(view):
    amap = make_map(visible=np.tril(np.ones((3, 3), bool)))
    bare = re.sub(r"\x1b\[[\d;]*m", "", printed(amap, colour="truecolor", view=view))

    def body(text):
        return [line.rstrip() for line in text.splitlines() if not line.startswith("scale")]

    assert body(bare) == body(printed(amap, view=view))
