"""Dark figures: the colors of text, lines and backgrounds on a dark ground."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from attnviz.render.figure.masked_hatch import HATCH
from attnviz.render.figure.titles import FAINT, HAIR, INK

if TYPE_CHECKING:
    from matplotlib.figure import Figure

GROUND = "#14161a"
# Colors of light figures and their counterparts. Cells, bars and the text on cells keep theirs.
DARK = {
    INK: "#f0f0f0",
    FAINT: "#b4b4b4",
    HAIR: "#5c6068",
    HATCH["facecolor"]: "#24272d",
    HATCH["edgecolor"]: "#474c55",
}


def darken(figure: Figure) -> None:
    """Replace the colors of a light figure by those on a dark ground."""
    from matplotlib.collections import Collection
    from matplotlib.lines import Line2D
    from matplotlib.patches import Patch
    from matplotlib.text import Text

    for artist in figure.findobj(lambda artist: True):
        if isinstance(artist, Text):
            artist.set_color(dark_color(artist.get_color()))
        elif isinstance(artist, Line2D):  # ticks are black
            artist.set_color(DARK[FAINT])
            artist.set_markeredgecolor(DARK[FAINT])
        elif isinstance(artist, Patch):
            artist.set_facecolor(dark_color(artist.get_facecolor()))
            artist.set_edgecolor(dark_color(artist.get_edgecolor()))
        elif isinstance(artist, Collection):
            if len(artist.get_edgecolor()) == 1:
                artist.set_edgecolor(dark_color(artist.get_edgecolor()[0]))
            if len(artist.get_facecolor()) == 1:
                artist.set_facecolor(dark_color(artist.get_facecolor()[0]))
    for ground in (figure.patch, *(axes.patch for axes in figure.axes)):
        ground.set_facecolor(GROUND)


def dark_color(color: Any) -> Any:
    """The counterpart of a color; the color itself where it has none."""
    from matplotlib.colors import to_hex, to_rgba

    alpha = to_rgba(color)[3]
    dark = None if alpha == 0 else DARK.get(to_hex(color))
    return color if dark is None else to_rgba(dark, alpha)
