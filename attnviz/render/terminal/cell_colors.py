"""Cell colors: rich styles of palette levels for each color depth, and glyph ramps."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from rich.color import Color, ColorSystem
from rich.style import Style

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.record import Record
from attnviz.render.colors import Palette, contrast_ink

MASKED = "·"
NO_LEVEL = -1  # the level of a masked cell, or of one outside the map


@cache
def palette_colors(palette: Palette, depth: ColorSystem) -> tuple[Color, ...]:
    """The 256 colors of a palette, each as the nearest color of this depth."""
    return tuple(Color.from_rgb(*map(int, rgb)).downgrade(depth) for rgb in palette.rgb)


@cache
def cell_style(palette: Palette, depth: ColorSystem, level: int) -> Style:
    """Black or white text on the color of a level, chosen for the color that is displayed."""
    background = palette_colors(palette, depth)[level]
    text = Color.from_rgb(*contrast_ink(background.get_truecolor())).downgrade(depth)
    return Style.from_color(text, background)


@cache
def half_block_cell(
    palette: Palette, depth: ColorSystem, upper: int, lower: int
) -> tuple[str, Style]:
    """One character for two levels, one above the other."""
    colors = palette_colors(palette, depth)
    if upper == NO_LEVEL == lower:
        return MASKED, Style(dim=True)
    if lower == NO_LEVEL:
        return "▀", Style.from_color(colors[upper])
    if upper == NO_LEVEL:
        return "▄", Style.from_color(colors[lower])
    return "▀", Style.from_color(colors[upper], colors[lower])


class GlyphRamp(Record):
    """Glyphs from zero to the maximum, and others for negative weights."""

    positive: str
    negative: str = ""

    @property
    def all_glyphs(self) -> str:
        """All glyphs, from the lowest weight to the highest."""
        return self.negative[:0:-1] + self.positive

    def choose_glyphs(
        self, weights: FloatArray, high: float, masked: BoolArray, mark: str
    ) -> Glyphs:
        """One glyph per weight; only an exact zero has the first one.    [...] -> [...]"""
        fraction = np.clip(np.asarray(weights, np.float64) / high, -1.0, 1.0)
        glyphs = self.pick_glyphs(fraction, self.positive)
        if self.negative:
            glyphs = np.where(fraction < 0, self.pick_glyphs(-fraction, self.negative), glyphs)
        return np.where(masked, mark, glyphs)

    @staticmethod
    def pick_glyphs(fraction: FloatArray, glyphs: str) -> Glyphs:
        """The glyph at each fraction, 0 to 1, of a string of glyphs.    [...] -> [...]"""
        steps = len(glyphs) - 1
        at = np.clip(np.rint(fraction * steps), fraction > 0, steps).astype(int)
        return np.array(list(glyphs))[at]


Glyphs = NDArray[np.str_]

SHADES = GlyphRamp(" ░▒▓█"), GlyphRamp(" ░▒▓█", " -=≡")
LETTERS = GlyphRamp(" :-=+*#%@"), GlyphRamp(" +*#@", " -~=%")  # no dot: it marks masked cells
BARS = GlyphRamp(" ▁▂▃▄▅▆▇█"), SHADES[1]


def shade_ramp(ascii_only: bool, signed: bool) -> GlyphRamp:
    """Glyphs that fill more of their cell for larger weights."""
    return (LETTERS if ascii_only else SHADES)[signed]


def bar_ramp(ascii_only: bool, signed: bool) -> GlyphRamp:
    """Glyphs that are higher for larger weights."""
    return (LETTERS if ascii_only else BARS)[signed]
