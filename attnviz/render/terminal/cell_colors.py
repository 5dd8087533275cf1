"""Cell colors: rich styles of palette levels for each color depth, and glyph ramps."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from rich.color import Color, ColorSystem
from rich.style import Style

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.record import Record
from attnviz.render.colors import contrast_ink
from attnviz.render.palette import Palette

MASKED = "·"
FEW_COLORS = (ColorSystem.STANDARD, ColorSystem.WINDOWS)  # 16 colors
BLACK, BRIGHT_WHITE = 0, 15  # numbers of the 16 colors
DARK = (0, 1, 4, 5)  # black, red, blue, magenta: those of the ramps that need white text
NO_LEVEL = -1  # the level of a masked cell, or of one outside the map


@cache
def palette_colors(palette: Palette, depth: ColorSystem) -> tuple[Color, ...]:
    """The 256 colors of a palette, each as a color of this depth.

    With 16 colors, equal parts of the palette take the steps of its `ansi` colors.
    """
    if depth in FEW_COLORS:
        steps = [ansi_color(number, depth) for number in palette.ansi]
        return tuple(steps[level * len(steps) // 256] for level in range(256))
    return tuple(Color.from_rgb(*map(int, rgb)).downgrade(depth) for rgb in palette.rgb)


def ansi_color(number: int, depth: ColorSystem) -> Color:
    """One of the 16 colors, by its number."""
    return Color.from_ansi(number).downgrade(depth)


@cache
def cell_style(palette: Palette, depth: ColorSystem, level: int) -> Style:
    """Black or white text on the color of a level, chosen for the color that is sent.

    The terminal defines what the 16 colors are; the text is chosen for all terminals.
    """
    background = palette_colors(palette, depth)[level]
    if depth in FEW_COLORS:
        ink = BRIGHT_WHITE if background.number in DARK else BLACK
        return Style.from_color(ansi_color(ink, depth), background)
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
    """Glyphs from zero to the maximum, and others for negative weights.

    With `marks_zero` only an exact zero has the first glyph, a blank; else also weights that
    round to zero, so that a field of small weights stays empty.
    """

    positive: str
    negative: str = ""
    marks_zero: bool = False

    @property
    def all_glyphs(self) -> str:
        """All glyphs, from the lowest weight to the highest."""
        return self.negative[:0:-1] + self.positive

    def choose_glyphs(
        self, weights: FloatArray, high: float, masked: BoolArray, mark: str
    ) -> Glyphs:
        """One glyph per weight.    [...] -> [...]"""
        fraction = np.clip(np.asarray(weights, np.float64) / high, -1.0, 1.0)
        glyphs = self.pick_glyphs(fraction, self.positive)
        if self.negative:
            glyphs = np.where(fraction < 0, self.pick_glyphs(-fraction, self.negative), glyphs)
        return np.where(masked, mark, glyphs)

    def pick_glyphs(self, fraction: FloatArray, glyphs: str) -> Glyphs:
        """The glyph at each fraction, 0 to 1, of a string of glyphs.    [...] -> [...]"""
        steps = len(glyphs) - 1
        is_visible = fraction > 0 if self.marks_zero else fraction >= self.blank_below(1.0)
        at = np.clip(np.rint(fraction * steps), 1, steps) * is_visible
        return np.array(list(glyphs))[at.astype(int)]

    def blank_below(self, high: float) -> float:
        """The smallest weight with a visible glyph, on a scale up to `high`."""
        return high / (2 * (len(self.positive) - 1))


Glyphs = NDArray[np.str_]

SHADES = GlyphRamp(" ░▒▓█"), GlyphRamp(" ░▒▓█", " -=≡")
LETTERS = GlyphRamp(" :-=+*#%@"), GlyphRamp(" +*#@", " -~=%")  # no dot: it marks masked cells
BARS = GlyphRamp(" ▁▂▃▄▅▆▇█", marks_zero=True), SHADES[1]


def shade_ramp(ascii_only: bool, signed: bool) -> GlyphRamp:
    """Glyphs that fill more of their cell for larger weights."""
    return (LETTERS if ascii_only else SHADES)[signed]


def bar_ramp(ascii_only: bool, signed: bool) -> GlyphRamp:
    """Glyphs that are higher for larger weights."""
    return (LETTERS if ascii_only else BARS)[signed]
