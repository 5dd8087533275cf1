"""Read figures back: texts, axes and pixels."""

from __future__ import annotations

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render import figure
from attnviz.render.style import Style

WORDS = "The quick brown fox jumps over the lazy dog near the river"
SENTENCE = tuple(WORDS.split())


def spread(queries, keys=None, *, n_layer=1, n_head=2, causal=False, row_sum="1", signed=False):
    """A map with many different weights, of a normalizer of this kind."""
    keys = queries if keys is None else keys
    shape = (n_layer, n_head, len(queries), len(keys))
    raw = 1.0 + np.arange(np.prod(shape)).reshape(shape) * 37 % 101
    visible = np.tril(np.ones(shape[2:], bool)) if causal else None
    weights = raw if visible is None else raw * visible
    weights = weights / weights.sum(-1, keepdims=True)
    weights = {"1": weights, "at most 1": weights * 0.75, "any": weights * 2.5}[row_sum]
    if signed:
        weights = weights * np.where(raw % 2, 1, -1)
    return AttentionMap(
        queries=tuple(map(Token.of, queries)),
        keys=tuple(map(Token.of, keys)),
        weights=weights,
        visible=visible,
        meta={"variant": "toy", "row_sum": row_sum, "signed": signed},
    )


def draw(amap, viewer_fonts=False, **style):
    """The figure of a map."""
    fig = figure.draw_figure(amap, Style(**style), viewer_fonts=viewer_fonts)
    FigureCanvasAgg(fig)
    return fig


def heads(fig):
    """The axes of all heads."""
    return [axes for axes in fig.axes if axes.get_label() not in ("colorbar", "overview", "text")]


def bar(fig):
    """The axes of the colorbar."""
    return next(axes for axes in fig.axes if axes.get_label() == "colorbar")


def texts(fig):
    """All that is written on a figure."""
    return [text for text in fig.findobj(Text) if text.get_text() and text.get_visible()]


def cell_texts(fig):
    """The numbers on all cells: one artist per heatmap."""
    from attnviz.render.figure.cell_texts import CellTexts

    return fig.findobj(lambda artist: isinstance(artist, CellTexts))


def words(fig):
    """The same, as strings, with the numbers on cells."""
    on_cells = [cell.text for artist in cell_texts(fig) for cell in artist.texts]
    return [text.get_text() for text in texts(fig)] + on_cells


def numbers(axes):
    """The numbers on the cells and beside them, with where they stand."""
    from attnviz.render.figure.cell_texts import CellText

    found = {(cell.x, cell.y): cell for artist in cell_texts(axes) for cell in artist.texts}
    beside = (text for text in axes.texts if any(map(str.isdigit, text.get_text())))
    for text in beside:
        at = text.get_position()
        found[at] = CellText(*at, text.get_text(), text.get_color())
    return found


def pixels(axes):
    """The colours of the first image.    -> [row, column, 3]"""
    return np.asarray(axes.images[0].get_array())
