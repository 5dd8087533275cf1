"""Cell texts: many short texts as one artist, drawn much faster than an artist for each."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from functools import cache, lru_cache
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.render.palette import Bytes

if TYPE_CHECKING:
    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from matplotlib.backends.backend_agg import RendererAgg
    from matplotlib.font_manager import FontProperties
    from matplotlib.transforms import Bbox
else:
    Artist = object  # `artist_type` joins the two: matplotlib is imported when it draws

MARGIN = 4  # dots around a text that is rasterized
Color = tuple[float, float, float]
Placed = tuple[float, float, str]  # the centre in dots, and the text


class CellText(NamedTuple):
    """A text centred at (x, y) of the axes, in a color of channels from 0 to 1."""

    x: float
    y: float
    text: str
    color: Color


class CellTexts(Artist):
    """How the texts of the cells of one heatmap draw themselves, in one size."""

    texts: tuple[CellText, ...]
    font: FontProperties

    def positions(self) -> FloatArray:
        """The centres of all texts on the drawing, in dots.    -> [text, 2]"""
        centres = [(text.x, text.y) for text in self.texts]
        assert self.axes is not None
        return np.asarray(self.axes.transData.transform(np.array(centres).reshape(-1, 2)))

    def extents(self, renderer: Any) -> dict[str, tuple[float, float]]:
        """The width of each different text, and its height above the baseline, in dots."""
        sizes = {}
        for text in {text.text for text in self.texts}:
            width, height, descent = renderer.get_text_width_height_descent(text, self.font, False)
            sizes[text] = width, height - descent
        return sizes

    def boxes(self, renderer: Any) -> list[Bbox]:
        """The boxes of all texts on the drawing, in dots."""
        from matplotlib.transforms import Bbox

        sizes = self.extents(renderer)
        found = []
        for text, (x, y) in zip(self.texts, self.positions(), strict=True):
            width, height = sizes[text.text]
            found.append(Bbox.from_bounds(x - width / 2, y - height / 2, width, height))
        return found

    def draw(self, renderer: Any) -> None:
        """Draw all texts, those of one color together."""
        from matplotlib.backends.backend_agg import RendererAgg

        by_color = defaultdict(list)
        for text, (x, y) in zip(self.texts, self.positions().tolist(), strict=True):
            by_color[text.color].append((x, y, text.text))
        draw = self.stamp if isinstance(renderer, RendererAgg) else self.write
        renderer.open_group("numbers", self.get_gid())
        for color, texts in by_color.items():
            gc = renderer.new_gc()
            gc.set_foreground(color)
            gc.set_clip_rectangle(self.get_clip_box())
            draw(renderer, gc, color, texts)
            gc.restore()
        renderer.close_group("numbers")
        self.stale = False

    def write(self, renderer: Any, gc: Any, color: Color, texts: list[Placed]) -> None:
        """Draw texts as text."""
        from matplotlib.text import Text
        from matplotlib.transforms import IdentityTransform

        sizes = self.extents(renderer)
        place = Text(
            horizontalalignment="center", fontproperties=self.font, transform=IdentityTransform()
        )
        height = renderer.get_canvas_width_height()[1]
        for x, y, text in texts:
            width, above = sizes[text]
            baseline = y - above / 2
            place.set_position((x, baseline))
            down = height - baseline if renderer.flipy() else baseline
            renderer.draw_text(gc, x - width / 2, down, text, self.font, 0, False, place)

    def stamp(self, renderer: RendererAgg, gc: Any, color: Color, texts: list[Placed]) -> None:
        """Draw texts as pixels, each different one rasterized once."""
        ink = [round(255 * channel) for channel in color]
        images = {}
        for text in {text for _, _, text in texts}:
            alpha = rasterize(text, self.font, renderer.dpi)
            rgba = np.empty((*alpha.shape, 4), np.uint8)
            rgba[..., :3], rgba[..., 3] = ink, alpha
            images[text] = rgba
        for x, y, text in texts:
            high, wide = images[text].shape[:2]
            renderer.draw_image(gc, round(x - wide / 2), round(y - high / 2), images[text])


@cache
def artist_type() -> type[CellTexts]:
    """The class of these artists: an artist of matplotlib that draws itself as `CellTexts`."""
    from matplotlib.artist import Artist

    return type("CellTextsArtist", (CellTexts, Artist), {})


def __getattr__(name: str) -> type[CellTexts]:
    """The class by its name, by which pickle finds it."""
    if name == "CellTextsArtist":
        return artist_type()
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def add_texts(axes: Axes, points: float, texts: Sequence[CellText]) -> None:
    """Add texts to the axes, in one size, above images and lines."""
    from matplotlib.font_manager import FontProperties
    from matplotlib.text import Text

    artist = artist_type()()
    artist.texts, artist.font = tuple(texts), FontProperties(size=points)
    artist.set_zorder(Text.zorder)
    artist.set_label("numbers")
    axes.add_artist(artist)


@lru_cache(maxsize=4096)
def rasterize(text: str, font: FontProperties, dpi: float) -> Bytes:
    """The coverage of the dots of a text, cut to it, from the lowest row up.

    -> [row, column]
    """
    from matplotlib.backends.backend_agg import RendererAgg

    size = ceil(len(text) * font.get_size_in_points() * dpi / 72) + 2 * MARGIN
    new_canvas: Any = RendererAgg
    canvas = new_canvas(size, size, dpi)
    canvas.draw_text(canvas.new_gc(), MARGIN, size - MARGIN, text, font, 0)
    alpha = np.asarray(canvas.buffer_rgba())[..., 3]
    rows, columns = (np.flatnonzero(alpha.any(axis)) for axis in (1, 0))
    if not rows.size:
        return np.zeros((1, 1), np.uint8)
    return alpha[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1][::-1].copy()
