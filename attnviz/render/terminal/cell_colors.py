"""Styles for levels of a palette, in as many colours as there are; glyphs where there are none."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from rich.color import Color, ColorSystem
from rich.style import Style

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.record import Record
from attnviz.render.colors import Palette, ink

HIDDEN = "·"
UNSEEN = -1  # the level of a cell that is hidden, or lies outside


@cache
def colours(palette: Palette, depth: ColorSystem) -> tuple[Color, ...]:
    """The 256 levels of a palette, each in the nearest colour there is."""
    return tuple(Color.from_rgb(*map(int, rgb)).downgrade(depth) for rgb in palette.rgb)


@cache
def cell_style(palette: Palette, depth: ColorSystem, level: int) -> Style:
    """Numbers on this level's colour, in the ink that reads best on what is really shown."""
    ground = colours(palette, depth)[level]
    letters = Color.from_rgb(*ink(ground.get_truecolor())).downgrade(depth)
    return Style.from_color(letters, ground)


@cache
def half_block(palette: Palette, depth: ColorSystem, upper: int, lower: int) -> tuple[str, Style]:
    """One character for two levels, one above the other."""
    shades = colours(palette, depth)
    if upper == UNSEEN == lower:
        return HIDDEN, Style(dim=True)
    if lower == UNSEEN:
        return "▀", Style.from_color(shades[upper])
    if upper == UNSEEN:
        return "▄", Style.from_color(shades[lower])
    return "▀", Style.from_color(shades[upper], shades[lower])


class Ramp(Record):
    """Glyphs from nothing to much; for weights below zero, glyphs of their own."""

    more: str
    less: str = ""

    @property
    def all(self) -> str:
        """Every glyph, from the lowest weight to the highest."""
        return self.less[:0:-1] + self.more

    def glyphs(self, weights: FloatArray, high: float, hidden: BoolArray, mark: str) -> Glyphs:
        """A glyph for each weight; only an exact zero has the first.    [...] -> [...]"""
        part = np.clip(np.asarray(weights, np.float64) / high, -1.0, 1.0)
        chosen = self.place(part, self.more)
        if self.less:
            chosen = np.where(part < 0, self.place(-part, self.less), chosen)
        return np.where(hidden, mark, chosen)

    @staticmethod
    def place(part: FloatArray, glyphs: str) -> Glyphs:
        """The glyph at each part, 0 to 1, of a row of glyphs.    [...] -> [...]"""
        steps = len(glyphs) - 1
        at = np.clip(np.rint(part * steps), part > 0, steps).astype(int)
        return np.array(list(glyphs))[at]


Glyphs = NDArray[np.str_]

SHADES = Ramp(" ░▒▓█"), Ramp(" ░▒▓█", " -=≡")
LETTERS = Ramp(" :-=+*#%@"), Ramp(" +*#@", " -~=%")  # no dot: it marks what is hidden
BARS = Ramp(" ▁▂▃▄▅▆▇█"), SHADES[1]


def shades(ascii_only: bool, signed: bool) -> Ramp:
    """Glyphs that fill their cell more and more."""
    return (LETTERS if ascii_only else SHADES)[signed]


def bars(ascii_only: bool, signed: bool) -> Ramp:
    """Glyphs that grow from the ground."""
    return (LETTERS if ascii_only else BARS)[signed]
