"""Palettes: colormaps of 256 colors, and the table of those that are stored.

The tables are those of matplotlib, stored as text: the terminal does not import matplotlib, which
has the colors of all others.
"""

from __future__ import annotations

from base64 import b85decode
from functools import cache

import numpy as np
from numpy.typing import NDArray

from attnviz.record import Record
from attnviz.render.palettes import TABLES

Bytes = NDArray[np.uint8]
REVERSED = "_r"  # at the end of a name: from high to low
N_COLOR = 256


class Palette(Record):
    """A colormap of 256 colors; a diverging one has its neutral color in the middle.

    `ansi` are its steps in terminals of 16 colors, by number. Terminals define these colors
    differently. The steps are colors on which black (0) or bright white (15) text is readable
    in all of them, which excludes 3, 8, 12 and 13, and their lightness is monotone.
    """

    name: str
    summary: str
    ansi: tuple[int, ...]
    is_diverging: bool = False

    @property
    def rgb(self) -> Bytes:
        """All colors, from low to high.    -> [256, 3]"""
        if self.name in TABLES:
            return decode_table(self.name)
        return colormap_rgb(self.name)


@cache
def decode_table(name: str) -> Bytes:
    """The palette of this name from its stored table.    -> [256, 3]"""
    return np.frombuffer(b85decode(TABLES[name]), np.uint8).reshape(256, 3)


@cache
def colormap_rgb(name: str) -> Bytes:
    """The colors of a reversed palette of the table, or of a colormap.    -> [256, 3]"""
    base = name.removesuffix(REVERSED)
    if base in TABLES:
        return decode_table(base)[::-1]
    import matplotlib

    colors = matplotlib.colormaps[name](np.linspace(0, 1, N_COLOR))[:, :3]
    rgb = np.rint(np.asarray(colors) * 255).astype(np.uint8)
    rgb.setflags(write=False)
    return rgb


PALETTES = (
    Palette("viridis", "perceptually uniform, for dark and light backgrounds", (0, 4, 6, 10, 11)),
    Palette("cividis", "perceptually uniform, safe for color blindness", (0, 4, 7, 11)),
    Palette("magma", "black via red to pale yellow", (0, 5, 9, 11, 15)),
    Palette("gray", "black to white", (0, 7, 15)),
    Palette("Greys", "white to black, for print", (15, 7, 0)),
    Palette("Blues", "white to dark blue, for print", (15, 14, 6, 4)),
    Palette("RdBu", "red below zero, blue above", (1, 9, 15, 6, 4), is_diverging=True),
    Palette("coolwarm", "blue below zero, red above", (4, 6, 7, 9, 1), is_diverging=True),
)
