"""From weights to colours: palettes, limits that can be stated, ink that can be read.

The tables are matplotlib's, kept as text, so that a terminal is coloured without loading it.
"""

from __future__ import annotations

from base64 import b85decode
from functools import cache

import numpy as np
from numpy.typing import NDArray

from attnviz.core.arrays import FloatArray
from attnviz.lookup import find
from attnviz.record import Record
from attnviz.render.palettes import TABLES

Bytes = NDArray[np.uint8]
BLACK, WHITE = (0, 0, 0), (255, 255, 255)
MIDDLE_LUMINANCE = 0.179  # black and white ink have the same contrast here


class Palette(Record):
    """A way from little to much; a diverging one has its neutral colour in the middle."""

    name: str
    summary: str
    diverging: bool = False

    @property
    def rgb(self) -> Bytes:
        """All colours, in order.    -> [256, 3]"""
        return decoded(self.name)


@cache
def decoded(name: str) -> Bytes:
    """The stored table of a palette.    -> [256, 3]"""
    return np.frombuffer(b85decode(TABLES[name]), np.uint8).reshape(256, 3)


PALETTES = (
    Palette("viridis", "even steps of lightness, on dark and on light grounds"),
    Palette("cividis", "made to look the same to colour-blind readers"),
    Palette("magma", "black over red to pale yellow"),
    Palette("gray", "black to white"),
    Palette("Greys", "white to black, for print"),
    Palette("Blues", "white to dark blue, for print"),
    Palette("RdBu", "red below zero, blue above", diverging=True),
    Palette("coolwarm", "blue below zero, red above", diverging=True),
)


def find_palette(name: str | None, signed: bool = False) -> Palette:
    """The palette of this name; without one, what suits the numbers."""
    return find(PALETTES, name or ("RdBu" if signed else "viridis"), "palette")


class Scale(Record):
    """Which weight has which colour: `low` the first of the palette, `high` the last.

    One scale for all heads of a picture, so that the same colour is the same weight. It goes
    from 0 to the largest weight; for signed weights, and for diverging palettes, it lies
    evenly around 0.
    """

    palette: Palette
    high: float
    centred: bool = False

    @classmethod
    def of(cls, weights: FloatArray, *, signed: bool = False, palette: str | None = None) -> Scale:
        """The scale that shows these weights, whatever their shape."""
        chosen = find_palette(palette, signed)
        largest = float(np.abs(weights).max(initial=0.0)) or 1.0
        return cls(chosen, largest, centred=signed or chosen.diverging)

    @property
    def low(self) -> float:
        """The weight of the palette's first colour."""
        return -self.high if self.centred else 0.0

    def shares(self, weights: FloatArray) -> FloatArray:
        """How far up the scale each weight is, from 0 to 1.    [...] -> [...]"""
        part = np.clip(np.asarray(weights, np.float64) / self.high, -1.0, 1.0)
        return (part + 1.0) / 2.0 if self.centred else np.maximum(part, 0.0)

    def levels(self, weights: FloatArray) -> Bytes:
        """The place of each weight's colour in the palette.    [...] -> [...], 0 to 255"""
        return np.rint(self.shares(weights) * 255).astype(np.uint8)

    def rgb(self, weights: FloatArray) -> Bytes:
        """The colour of each weight.    [...] -> [..., 3]"""
        return self.palette.rgb[self.levels(weights)]


def luminance(rgb: tuple[int, int, int]) -> float:
    """How light a colour is, 0 to 1: the relative luminance of WCAG 2."""
    linear = [
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4
        for part in (int(c) / 255 for c in rgb)
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def ink(rgb: tuple[int, int, int]) -> tuple[int, int, int]:
    """Black or white, whichever reads better on this colour."""
    return BLACK if luminance(rgb) > MIDDLE_LUMINANCE else WHITE
