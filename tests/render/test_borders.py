"""Segment borders: lines in every view that has a matrix."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.render.cell_pooling import Pool
from attnviz.render.figure import draw_figure
from attnviz.render.segment_borders import find_borders
from attnviz.render.style import Style
from attnviz.render.terminal.segment_lines import split_at
from tests.render.consoles import printed


def pair(n_first, n_second, n_head=1, n_layer=1, **more):
    """A map over two texts, all its weights alike."""
    n = n_first + n_second
    tokens = [Token(f"t{i}", f"t{i}", segment=int(i >= n_first)) for i in range(n)]
    return AttentionMap(tokens, tokens, np.full((n_layer, n_head, n, n), 1 / n), **more)


def plain(amap):
    """The same map, all of one text."""
    tokens = tuple(replace(token, segment=0) for token in amap.queries)
    return replace(amap, queries=tokens, keys=tokens)


@pytest.mark.parametrize(
    ("segments", "positions"),
    [("", ()), ("0", ()), ("000", ()), ("0011", (2,)), ("01002", (1, 2, 4))],
)
def test_a_border_is_where_the_segment_changes(segments, positions):
    assert find_borders([Token("t", "t", segment=int(s)) for s in segments]) == positions


def test_spans_are_between_borders():
    assert split_at(5, []) == [(0, 5)]
    assert split_at(5, [2, 4]) == [(0, 2), (2, 4), (4, 5)]
    assert split_at(5, [0, 5]) == [(0, 5)]


@pytest.mark.parametrize(("annotate", "colour"), [(True, None), (False, None), (False, "256")])
def test_lines_cross_where_both_texts_end(annotate, colour):
    text = printed(pair(3, 4), annotate=annotate, colour=colour)
    assert text.count("┼") == 1
    assert ("│" in text) and ("─" in text)
    one = printed(plain(pair(3, 4)), annotate=annotate, colour=colour)
    assert not set("│─┼") & set(one)


def test_lines_take_no_number_away():
    amap = pair(3, 4)
    lines = printed(amap, annotate=True).replace("│", " ").splitlines()
    bare = printed(plain(amap), annotate=True).splitlines()
    assert [line for line in lines if "┼" not in line] == bare


@pytest.mark.parametrize("width", [30, 40, 80])
def test_a_border_is_before_the_same_key_in_every_row_and_band(width):
    for band in printed(pair(7, 6), width, annotate=True).split("\n\n"):
        rows = [line for line in band.splitlines() if line.startswith("t")]
        if any("│" in row for row in rows):
            header = next(line for line in band.splitlines() if line.startswith("queries"))
            assert len({row.index("│") for row in (*rows, header)}) == 1
            assert header[header.index("│") :].lstrip("│ ").startswith("t7")


def test_columns_that_are_marked_stay_below_their_marks():
    lines = printed(pair(10, 30), 120, annotate=False, ascii=False).splitlines()
    marks = next(line for line in lines if "|0 t0" in line)
    row = next(line for line in lines if line.startswith(" 0 t0"))
    edge = row.index("█")
    for key in (6, 12, 18):
        shift = int(key >= 10)
        assert marks[edge + 2 * key + shift :].startswith(f"|{key} t{key}")
    assert row[edge + 20] == "│"


def test_half_blocks_are_cut_at_an_odd_row():
    """Two rows share a line of half blocks; a border may fall between them."""
    text = printed(pair(3, 4), annotate=False, colour="truecolor")
    assert text.count("▀") + text.count("▄") + text.count("█") >= 7 * 4
    lines = [line for line in text.splitlines() if "▀" in line]
    assert len([line for line in lines if "│" in line]) == 2 + 2


def test_pooled_cells_put_the_border_as_near_as_they_can():
    amap = pair(10, 30)
    assert Pool(1, 1).borders(amap) == ((10,), (10,))
    assert Pool(4, 3).borders(amap) == ((3,), (2,))


def test_borders_in_ascii():
    text = printed(pair(3, 4), annotate=True, ascii=True)
    assert text.isascii() and "+" in text and "|" in text and "---" in text


@pytest.mark.parametrize("view", ["matrix", "overview", "rows"])
def test_pictures_have_the_lines_too(view):
    def lines(amap):
        figure = draw_figure(amap, Style(view=view))
        line_collections = [
            collection
            for axes in figure.axes
            for collection in axes.collections
            if type(collection).__name__ == "LineCollection"
        ]
        return [segment.tolist() for c in line_collections for segment in c.get_segments()]

    amap = pair(3, 4, n_layer=2)
    bordered, one = lines(amap), lines(plain(amap))
    assert len(bordered) - len(one) == 2 * 2 * 2  # two layers, two directions, ink on paper
    if view == "matrix":
        assert [[2.5, -0.5], [2.5, 6.5]] in bordered and [[-0.5, 2.5], [6.5, 2.5]] in bordered


@pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")
def test_patterns_are_named_below_wide_thumbnails():
    amap = pair(3, 4, n_layer=2, n_head=2)
    patterns = {(0, 1): ("previous token", 0.97), (1, 0): ("broad", 0.5)}

    def pattern_names(**style):
        figure = draw_figure(amap, Style(view="overview", **style))
        return {text.get_text() for axes in figure.axes for text in axes.texts} - {""}

    assert pattern_names(patterns=patterns) == {"previous token 0.97", "broad 0.50"}
    assert pattern_names(patterns=patterns, size=(1.7, 1.6)) == {"PT", "B"}
    assert pattern_names(patterns=patterns, size=(2.3, 2.2)) == {"previous token", "broad"}
    sinks = {at: (f"{name} without sink", score) for at, (name, score) in patterns.items()}
    assert pattern_names(patterns=sinks) == {"previous token* 0.97", "broad* 0.50"}
    assert pattern_names(patterns=sinks, size=(1.7, 1.6)) == {"PT*", "B*"}
    assert pattern_names() == set()
