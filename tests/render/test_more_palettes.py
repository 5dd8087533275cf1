"""Palettes beyond the table: reversals and matplotlib's colormaps."""

from __future__ import annotations

import matplotlib
import numpy as np
import pytest

from attnviz.errors import MisuseError, UnknownNameError
from attnviz.render.colors import find_palette
from attnviz.render.more_palettes import CYCLIC, DIVERGING, colormap_names
from attnviz.render.page.data_island import page_data
from attnviz.render.palette import PALETTES
from attnviz.render.style import Style
from attnviz.render.terminal.cell_colors import cell_style
from tests.cli.runner import run
from tests.conftest import make_map
from tests.render.pictures import draw, pixels

NAMES = [name + end for name in colormap_names() for end in ("", "_r")]


def test_every_ordered_colormap_is_a_palette_with_its_colors():
    for name in NAMES:
        rgb = matplotlib.colormaps[name](np.linspace(0, 1, 256))[:, :3] * 255
        palette = find_palette(name)
        assert palette.name == name and np.abs(palette.rgb - rgb).max() < 1.01
        assert palette.is_diverging == (name.removesuffix("_r") in DIVERGING)
        assert set(palette.ansi) <= {0, 1, 4, 5, 6, 7, 9, 10, 11, 14, 15} and len(palette.ansi) > 2
    assert not {*DIVERGING} - {*NAMES}  # twin: a name that matplotlib lacks


@pytest.mark.parametrize("row", PALETTES, ids=lambda row: row.name)
def test_a_reversal_runs_the_other_way(row):
    other = find_palette(f"{row.name}_R".replace("_R", "_r"))
    assert np.array_equal(other.rgb, row.rgb[::-1]) and other.ansi == row.ansi[::-1]


@pytest.mark.parametrize("name", ["tab10", "Set1_r", *CYCLIC])
def test_colors_without_order_are_refused(name):
    with pytest.raises(MisuseError, match="no low and no high end"):
        find_palette(name)


def test_unknown_names_are_suggested_from_all():
    with pytest.raises(UnknownNameError, match="Did you mean 'inferno'"):
        find_palette("infernos")
    assert run("a b", "--cmap", "").status == 2


def test_figure_page_and_terminal_take_them():
    amap, palette = make_map(), find_palette("turbo_r")
    figure = draw(amap, palette="turbo_r")
    assert pixels(figure.axes[0]).tolist()[0][0] in palette.rgb.tolist()
    data = page_data([amap], Style(palette="PuOr_r"))
    assert (
        data["start"]["palette"] == "PuOr_r" in data["palettes"] and "PuOr_r" in data["diverging"]
    )
    assert (
        run("a b", "--cmap", "hot", "--color", "always").out != run("a b", "--color", "always").out
    )
    from rich.color import ColorSystem

    assert cell_style(palette, ColorSystem.STANDARD, 255) != cell_style(
        palette, ColorSystem.STANDARD, 0
    )
