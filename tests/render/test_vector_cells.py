"""Cells of vector formats: shapes in the colors of the weights, with ids, and no raster."""

from __future__ import annotations

import re
import zlib
from collections import Counter
from xml.etree import ElementTree

import numpy as np
import pytest

from attnviz.render import figure
from attnviz.render.colors import ColorScale
from attnviz.render.figure.cell_image import color_runs
from attnviz.render.figure.heat_image import MAX_VECTOR_CELLS
from attnviz.render.style import Style
from tests.render.pictures import SENTENCE, cell_texts, draw, heads, spread

SVG = "{http://www.w3.org/2000/svg}"


def rectangles(amap, **style):
    """The rectangles of cells in the SVG, by id."""
    root = ElementTree.fromstring(figure.svg(amap, Style(**style)))
    return {rect.get("id"): rect for rect in root.iter(f"{SVG}rect") if rect.get("id")}


def filled(data: bytes) -> Counter[tuple[float, ...]]:
    """How many shapes of a PDF are filled in which color."""
    streams = re.findall(rb"stream\r?\n(.*?)endstream", data, re.DOTALL)
    text = b""
    for stream in streams:
        try:
            text += zlib.decompress(stream) + b"\n"
        except zlib.error:
            continue
    color, found = (), Counter()
    for line in text.decode("latin-1").splitlines():
        if match := re.match(r"([\d.]+) ([\d.]+) ([\d.]+) rg", line):
            color = tuple(round(255 * float(part)) for part in match.groups())
        found[color] += line.strip() == "f"
    return found


def test_each_cell_of_an_svg_is_a_rectangle_in_its_color_and_place():
    amap = spread(SENTENCE[:5], n_layer=1, n_head=3).select(heads=[2])
    found = rectangles(amap)
    colors = ColorScale.of(amap.weights).rgb(amap.weights[0, 0])
    corners = {}
    for q in range(5):
        for k in range(5):
            rect = found[f"layer-0-head-2-query-{q}-key-{k}"]
            assert rect.get("fill") == "#" + bytes(colors[q, k]).hex()
            corners[q, k] = float(rect.get("x")), float(rect.get("y"))
    assert len(found) == 25
    assert all(corners[q, k] < corners[q, k + 1] for q in range(5) for k in range(4))
    assert all(corners[q, k][1] < corners[q + 1, k][1] for q in range(4) for k in range(5))


def test_neighbours_of_one_color_are_one_rectangle():
    amap = spread(SENTENCE[:4], n_head=1)
    weights = np.zeros((1, 1, 4, 4))
    weights[..., 0, 0] = weights[..., 1, 1:3] = 1.0
    found = rectangles(type(amap)(amap.queries, amap.keys, weights, meta=amap.meta))
    assert {name.removeprefix("layer-0-head-0-") for name in found} == {
        "query-0-key-0", "query-0-key-1-3", "query-1-key-0", "query-1-key-1-2", "query-1-key-3",
        "query-2-key-0-3", "query-3-key-0-3",
    }  # fmt: skip


def test_masked_cells_have_no_rectangle():
    names = rectangles(spread(SENTENCE[:4], n_head=1, causal=True))
    assert len(names) == 4 * 5 / 2


@pytest.mark.parametrize("view", ["matrix", "overview"])
def test_every_head_has_its_cells(view):
    amap = spread(SENTENCE[:3], n_layer=2, n_head=2)
    heatmaps = {name.partition("-query")[0] for name in rectangles(amap, view=view)}
    assert heatmaps == {f"layer-{i}-head-{j}" for i in range(2) for j in range(2)}


def test_pdf_and_svg_have_no_raster():
    amap = spread(SENTENCE[:5], n_head=1)
    assert b"<image" not in figure.svg(amap, Style())
    data = figure.pdf(amap, Style())
    assert b"/Subtype /Image" not in data
    counts = filled(data)
    colors = ColorScale.of(amap.weights).rgb(amap.weights).reshape(-1, 3).tolist()
    assert all(counts[tuple(color)] for color in colors)


def test_many_cells_are_an_embedded_image():
    n = round(MAX_VECTOR_CELLS**0.5) + 1
    amap = spread([f"t{i}" for i in range(n)], n_head=1)
    svg = figure.svg(amap, Style())
    assert b"<image" in svg and b"query-0-key" not in svg
    assert b"/Subtype /Image" in figure.pdf(amap, Style())


def test_an_svg_has_a_role_and_a_description():
    root = ElementTree.fromstring(figure.svg(spread(SENTENCE[:3]), Style(title="<a> & b")))
    assert root.get("role") == "img"
    described = root.find(f"{SVG}desc")
    assert described.get("id") == root.get("aria-describedby")
    assert described.text.startswith("<a> & b.")


def test_runs_end_where_the_color_changes():
    rgb = np.array([[[0] * 3, [0] * 3, [0, 0, 1]], [[9] * 3] * 3], np.uint8)
    hidden = np.array([[False] * 3, [True, False, False]])
    assert list(color_runs(rgb)) == [(0, 0, 2), (0, 2, 3), (1, 0, 3)]
    assert list(color_runs(rgb, hidden)) == [(0, 0, 2), (0, 2, 3), (1, 1, 3)]


def test_numbers_are_in_the_middle_of_their_cells():
    fig = draw(spread(SENTENCE[:4], n_head=1), dpi=100)
    renderer = fig.canvas.get_renderer()
    (axes,), (texts,) = heads(fig), cell_texts(fig)
    fig.draw(renderer)
    drawn = np.asarray(renderer.buffer_rgba()).astype(int)[::-1]
    for cell, box in zip(texts.texts, texts.boxes(renderer), strict=True):
        x, y = axes.transData.transform((cell.x, cell.y))
        assert np.allclose([(box.x0 + box.x1) / 2, (box.y0 + box.y1) / 2], [x, y], atol=1)
        around = drawn[round(y) - 12 : round(y) + 12, round(x) - 16 : round(x) + 16, :3]
        ink = np.abs(around - around[0, 0]).sum(-1) > 150
        rows, columns = np.nonzero(ink)
        assert rows.size > 20
        assert abs(rows.mean() - 11.5) < 2 and abs(columns.mean() - 15.5) < 2
