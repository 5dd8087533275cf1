"""Boxes of figures: nothing overlaps or is clipped, for every kind of map, view and size."""

from __future__ import annotations

import warnings
from functools import cache

import numpy as np
import pytest

import attnviz
from attnviz.api.captions import find_patterns, make_captions, make_row_captions
from attnviz.errors import AttnvizWarning, MisuseError
from attnviz.render.style import Style, query_index
from attnviz.render.views import VIEW_NAMES
from tests.gallery.cases import CASES
from tests.render.pictures import SENTENCE, cell_texts, draw, spread, texts

SIZES = [
    {"size": size}
    for size in [(3.25, 2.6), (5.5, 2.0), (5.5, 3.2), (8, 4.5), (7, 4), (4, 3), (4, 8), (10, 10)]
] + [{"width": width} for width in (3.25, 5.5, 6.75, 13.0)]
REPLACED = {"model", "many"}  # by maps that need no package and less time
KINDS = {
    **{name: make for name, make in CASES.items() if name not in REPLACED},
    "layers": lambda: spread(SENTENCE[:7], n_layer=4, n_head=6, causal=True),
    "eight heads": lambda: attnviz.look(" ".join(SENTENCE), heads=8),
    "long": lambda: spread([f"token{n}" for n in range(110)], n_head=1, causal=True),
    "unequal": lambda: spread(SENTENCE[:4], [f"k{n}" for n in range(60)]),
}
THINNED = 11  # every eleventh size of a kind and view is tested, in turn
COMBINATIONS = [(kind, view) for kind in KINDS for view in VIEW_NAMES]


def sizes_of(kind, view):
    """The sizes at which a view of a kind of map is tested."""
    first = [*KINDS].index(kind) + VIEW_NAMES.index(view)
    return SIZES[first % THINNED :: THINNED]


@cache
def map_of(kind):
    """The map of a kind, and its captions and patterns."""
    amap = KINDS[kind]()
    row_captions = make_row_captions(amap, query_index(amap, Style()))
    return amap, {
        "captions": make_captions(amap),
        "patterns": find_patterns(amap),
        "row_captions": row_captions,
    }


def figure_of(kind, view, size):
    """The figure, drawn without pixels; None if it is refused with a size that works."""
    amap, more = map_of(kind)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", AttnvizWarning)
        try:
            fig = draw(amap, view=view, dpi=100, **size, **more)
        except MisuseError as error:
            assert "smallest that works is" in str(error)
            return None
    fig.draw_without_rendering()
    return fig


def faults(fig, view):
    """What is clipped by the edge of the figure, and what lies on what."""
    from attnviz.render.figure.cell_image import CellImage

    renderer = fig.canvas.get_renderer()
    found = [(text.get_text(), text.get_window_extent(renderer)) for text in texts(fig)]
    level = [
        (text.get_text(), box)
        for text, (_, box) in zip(texts(fig), found, strict=True)
        if text.get_rotation() in (0, 90)
    ]
    images = fig.findobj(lambda artist: isinstance(artist, CellImage))
    panels = [("cells", image.get_window_extent(renderer)) for image in images]
    outlines = fig.findobj(lambda artist: artist.get_label() == "panel")
    if not outlines and view == "lines":  # the words of arcs stand among them
        outlines += [axes for axes in fig.axes if "head" in axes.get_label()]
    panels += [("panel", outline.get_window_extent(renderer)) for outline in outlines]
    return clipped(fig, [*found, *panels]) + overlaps(level, level) + overlaps(level, panels)


def clipped(fig, boxes):
    """The boxes that are not within the figure."""
    paper = fig.bbox.padded(1.5)
    return [
        (name, "is clipped")
        for name, box in boxes
        if not (paper.x0 <= box.x0 and box.x1 <= paper.x1)
        or not (paper.y0 <= box.y0 and box.y1 <= paper.y1)
    ]


def overlaps(some, others):
    """Pairs of boxes that lie on one another by more than a dot."""
    if not some or not others:
        return []
    a, b = (np.array([box.padded(-1).extents for _, box in boxes]) for boxes in (some, others))
    hit = (a[:, None, 0] < b[:, 2]) & (b[:, 0] < a[:, None, 2])
    hit &= (a[:, None, 1] < b[:, 3]) & (b[:, 1] < a[:, None, 3])
    if some is others:
        hit = np.triu(hit, 1)
    return [(some[i][0], "is on", others[j][0]) for i, j in np.argwhere(hit)]


def overfull_cells(fig):
    """Numbers that are larger than their cells."""
    renderer = fig.canvas.get_renderer()
    found = []
    for artist in cell_texts(fig):
        width, height = np.abs(np.diff(artist.axes.transData.transform([(0, 0), (1, 1)]), axis=0))[
            0
        ]
        found += [
            cell.text
            for cell, box in zip(artist.texts, artist.boxes(renderer), strict=True)
            if box.width > width or box.height > height
        ]
    return found


@pytest.mark.parametrize(("kind", "view"), COMBINATIONS)
def test_nothing_overlaps_or_is_clipped(kind, view):
    for size in sizes_of(kind, view):
        fig = figure_of(kind, view, size)
        if fig is not None:
            assert (size, faults(fig, view), overfull_cells(fig)) == (size, [], [])


def test_the_test_can_fail():
    fig = figure_of("short", "matrix", {"size": (5, 5)})
    assert faults(fig, "matrix") == overfull_cells(fig) == []
    axes = fig.axes[0]
    axes.text(0, 0, "over a cell")
    fig.text(0.999, 0.5, "beyond the edge")
    assert {fault[:2] for fault in faults(fig, "matrix")} == {
        ("over a cell", "is on"),
        ("beyond the edge", "is clipped"),
    }
    cell_texts(fig)[0].font.set_size(30)
    assert overfull_cells(fig)


def test_all_pairs_of_view_and_size_are_tested():
    tested = [(view, size) for kind, view in COMBINATIONS for size in sizes_of(kind, view)]
    assert all((view, size) in tested for view in VIEW_NAMES for size in SIZES)
