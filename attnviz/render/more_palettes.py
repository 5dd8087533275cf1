"""More palettes: reversals (_r) of those in the table, and the other colormaps of matplotlib."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from attnviz.errors import MisuseError
from attnviz.lookup import find_by_name
from attnviz.render.palette import N_COLOR, PALETTES, REVERSED, Bytes, Palette

DIVERGING = (  # of matplotlib; the others that have an order are sequential
    "PiYG", "PRGn", "BrBG", "PuOr", "RdGy", "RdBu", "RdYlBu", "RdYlGn", "Spectral", "coolwarm",
    "bwr", "seismic", "berlin", "managua", "vanimo",
)  # fmt: skip
CYCLIC = ("twilight", "twilight_shifted", "hsv")  # both ends have the same color
LIGHT_TO_DARK, RED_TO_BLUE = (15, 7, 0), (1, 9, 15, 6, 4)  # of the 16 colors of a terminal


def find_other_palette(name: str) -> Palette:
    """A reversal of a palette of the table, or a colormap of matplotlib.

    Raises MisuseError for a colormap without order, UnknownNameError with the nearest names.
    """
    for row in PALETTES:
        if f"{row.name}{REVERSED}".lower() == name.lower():
            return replace(row, name=f"{row.name}{REVERSED}", ansi=row.ansi[::-1])
    require_order(name)
    stored = {row.name for row in PALETTES}
    others = [
        Palette(other, "a colormap of matplotlib", (), other in DIVERGING)
        for other in colormap_names()
        if other not in stored
    ]
    found = find_by_name((*PALETTES, *others), name.removesuffix(REVERSED), "palette")
    if name.endswith(REVERSED):
        found = replace(found, name=f"{found.name}{REVERSED}")
    return replace(found, ansi=ansi_steps(found.rgb, found.is_diverging))


def colormap_names() -> list[str]:
    """The names of matplotlib's colormaps that have an order, without reversals."""
    import matplotlib

    return [
        name
        for name in matplotlib.colormaps
        if not name.endswith(REVERSED) and has_order(matplotlib.colormaps[name], name)
    ]


def has_order(colormap: Any, name: str) -> bool:
    """Whether colors go from a low to a high end: not those of categories and of circles."""
    return colormap.N >= N_COLOR and name.removesuffix(REVERSED) not in CYCLIC


def require_order(name: str) -> None:
    """Raise MisuseError for a colormap of matplotlib that has no order."""
    import matplotlib

    if name in matplotlib.colormaps and not has_order(matplotlib.colormaps[name], name):
        raise MisuseError(
            f"palette {name!r} has no low and no high end; use one for ordered values: viridis, "
            "magma, Blues…"
        )


def ansi_steps(rgb: Bytes, is_diverging: bool) -> tuple[int, ...]:
    """Steps for a terminal of 16 colors, in the direction of these colors.    [256, 3]"""
    first, last = rgb[0].astype(int), rgb[-1].astype(int)
    if is_diverging:
        is_red_first = first[0] - first[2] >= last[0] - last[2]
        return RED_TO_BLUE if is_red_first else RED_TO_BLUE[::-1]
    return LIGHT_TO_DARK if first.sum() >= last.sum() else LIGHT_TO_DARK[::-1]
