"""Figure views: weights of the map, no text outside the figure or over other text."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from matplotlib.collections import LineCollection, PolyCollection

from attnviz.errors import MisuseError
from attnviz.render.colors import ColorScale
from attnviz.render.views import VIEWS
from tests.conftest import HOSTILE
from tests.render.pictures import SENTENCE, bar, draw, heads, spread, texts, words

pytestmark = pytest.mark.filterwarnings("ignore::attnviz.errors.AttnvizWarning")

MAPS = {
    "one token": spread(["cat"], n_head=1),
    "many heads": spread(SENTENCE, n_head=8),
    "sink": spread(SENTENCE[:6], causal=True, row_sum="at most 1"),
    "signed": spread(SENTENCE[:6], causal=True, row_sum="any", signed=True),
    "cross": spread(SENTENCE, ("Le", "chat", "est"), n_head=3),
    "forty tokens": spread([f"t{n}" for n in range(40)]),
    "hostile": spread(HOSTILE, n_head=1),
    "layers": spread(SENTENCE[:4], n_layer=3, n_head=5, causal=True),
    "tall": spread(SENTENCE * 3, ("a", "b"), n_layer=2, n_head=3),
    "wide": spread(("a",), SENTENCE * 3, n_head=3),
    "names": replace(spread(SENTENCE[:4]), names=("softmax − sparsemax", "$a$\x1b 中" * 20)),
    "captions": spread(SENTENCE[:4], n_head=2),
}


def boxes(fig):
    """All texts and where they are drawn, in pixels; slanted ones have no box of their own."""
    fig.draw_without_rendering()
    renderer = fig.canvas.get_renderer()
    return [(text, text.get_window_extent(renderer)) for text in texts(fig)]


def require_clear_texts(fig):
    """No text is outside the figure or over other text."""
    paper, text_boxes = fig.bbox.padded(1), boxes(fig)
    for text, box in text_boxes:
        assert paper.x0 <= box.x0 and box.x1 <= paper.x1, text
        assert paper.y0 <= box.y0 and box.y1 <= paper.y1, text
    assert collisions(text_boxes) == []


def collisions(text_boxes):
    """Pairs of texts that lie on one another, slanted ones left aside."""
    level = [(text.get_text(), box) for text, box in text_boxes if text.get_rotation() in (0, 90)]
    left, down, right, up = np.array([box.padded(-1).extents for _, box in level]).T
    hit = (left[:, None] < right) & (left < right[:, None])
    hit &= (down[:, None] < up) & (down < up[:, None])
    return [(level[i][0], level[j][0]) for i, j in np.argwhere(np.triu(hit, 1))]


def test_the_test_of_overlaps_can_fail():
    fig = draw(MAPS["captions"])
    for _ in range(2):
        heads(fig)[0].text(0, 0, "over", ha="center", va="center")
    assert collisions(boxes(fig)) == [("over", "over")]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_every_view_labels_queries_and_keys(view):
    text = " ".join(words(draw(MAPS["cross"], view=view.name)))
    assert "quer" in text
    assert "key" in text


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
@pytest.mark.parametrize("signed", [False, True])
def test_every_view_states_its_scale(view, signed):
    amap = spread(SENTENCE[:4], signed=signed)
    fig = draw(amap, view=view.name)
    most = np.abs(amap.weights).max()
    if view.name == "rows":
        assert f"full bar = {most:.3g}" in words(fig)
    else:
        assert bar(fig).get_ylim() == pytest.approx((-most if signed else 0.0, most))


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.name)
def test_dollar_signs_are_no_mathematics(view):
    fig = draw(MAPS["hostile"], view=view.name)
    assert not any(text.get_parse_math() for text in texts(fig))


def test_few_heads_show_their_tokens():
    assert len(heads(draw(spread(SENTENCE[:3], n_layer=4, n_head=4)))) == 16
    assert not heads(draw(spread(SENTENCE[:3], n_layer=2, n_head=9)))
    assert len(heads(draw(spread(SENTENCE[:3], n_head=18)))) == 18  # of one layer


def test_many_heads_of_several_layers_are_an_overview_by_default():
    amap = spread(SENTENCE, n_layer=12, n_head=12)
    fig = draw(amap)
    (axes,) = [axes for axes in fig.axes if axes is not bar(fig)]
    scale = ColorScale.of(amap.weights)
    assert len(axes.images) == 144
    for image, (layer, head) in zip(axes.images, np.ndindex(12, 12), strict=True):
        assert np.array_equal(image.get_array(), scale.rgb(amap.weights[layer, head]))
    assert (axes.get_ylabel(), axes.get_xlabel()) == ("layer", "head")
    assert [text.get_text() for text in axes.get_yticklabels()] == [str(n) for n in range(12)]
    assert not heads(fig)
    assert heads(draw(amap.select(layers=[3])))


def test_an_overview_names_the_selected_layers_and_heads():
    amap = spread(SENTENCE[:3], n_layer=5, n_head=6).select(layers=[1, 4], heads=[2, 5])
    fig = draw(amap, view="overview")
    (axes,) = [axes for axes in fig.axes if axes is not bar(fig)]
    assert [text.get_text() for text in axes.get_yticklabels()] == ["1", "4"]
    assert [text.get_text() for text in axes.get_xticklabels()] == ["2", "5"]


def test_an_overview_shows_masked_cells_and_row_sums():
    fig = draw(spread(SENTENCE[:4], n_layer=2, causal=True, row_sum="any"), view="overview")
    shades = [patch for axes in fig.axes for patch in axes.patches]
    assert [patch.get_label() for patch in shades] == ["masked"] * 4
    assert {"masked", "rows sum to 2.50"} <= set(words(fig))


def test_a_line_for_each_weight_in_its_colour():
    amap = spread(SENTENCE[:5], n_head=1)
    (axes,) = heads(draw(amap, view="lines"))
    (lines,) = [c for c in axes.collections if isinstance(c, LineCollection)]
    weights = amap.weights[0, 0]
    assert len(lines.get_segments()) == 25
    colors = ColorScale.of(amap.weights, palette="Blues").rgb(weights) / 255
    for segment, color in zip(lines.get_segments(), lines.get_colors(), strict=True):
        (_, q), (_, k) = segment
        assert np.allclose(color[:3], colors[int(q), int(k)])
    assert np.all(np.diff(lines.get_linewidths()) >= 0)


def test_masked_pairs_have_no_line():
    fig = draw(spread(SENTENCE[:5], n_head=1, causal=True), view="lines")
    (lines,) = [c for c in heads(fig)[0].collections if isinstance(c, LineCollection)]
    assert len(lines.get_segments()) == 15
    assert "no line: weight below 0.01, or masked" in words(fig)


def test_weight_on_none_of_the_keys_is_a_line_too():
    fig = draw(spread(SENTENCE[:5], n_head=1, row_sum="at most 1"), view="lines")
    (lines,) = [c for c in heads(fig)[0].collections if isinstance(c, LineCollection)]
    assert len(lines.get_segments()) == 30
    assert "∅" in words(fig)


def test_bars_are_as_high_as_weights():
    amap = spread(SENTENCE[:5], n_head=1)
    (axes,) = heads(draw(amap, view="rows"))
    (bars,) = [c for c in axes.collections if isinstance(c, PolyCollection)]
    for outline, weights in zip(bars.get_paths(), amap.weights[0, 0], strict=True):
        y = outline.vertices[:-1, 1].reshape(5, 4)
        assert np.allclose((y[:, 0] - y[:, 1]) / 0.88, weights / amap.weights.max())


def test_signed_bars_hang_from_the_middle():
    amap = spread(SENTENCE[:5], n_head=1, signed=True, row_sum="any")
    (axes,) = heads(draw(amap, view="rows"))
    up, down = (c for c in axes.collections if isinstance(c, PolyCollection))
    middle = np.arange(5)[:, None]
    tops = [
        np.array([path.vertices[:-1, 1].reshape(5, 4)[:, 1] for path in part.get_paths()])
        for part in (up, down)
    ]
    unit = 0.44 / np.abs(amap.weights).max()
    assert np.allclose(middle - tops[0], np.maximum(amap.weights[0, 0], 0) * unit)
    assert np.allclose(middle - tops[1], np.minimum(amap.weights[0, 0], 0) * unit)
    assert not np.array_equal(up.get_facecolor(), down.get_facecolor())


def test_the_text_is_coloured_by_one_query():
    amap = spread(SENTENCE[:5], n_head=2)
    fig = draw(amap, view="text", query=1)
    axes = fig.axes[0]
    grounds = [patch.get_facecolor()[:3] for patch in axes.patches if patch.get_fill()]
    colors = ColorScale.of(amap.weights, palette="Blues").rgb(amap.weights[0, :, 1])
    assert np.allclose(grounds, colors.reshape(-1, 3) / 255)
    assert "attention from query 1 (quick) to each key" in words(fig)
    labels = [text.get_text() for text in axes.texts]
    assert labels.count("quick") == 2
    assert f"{amap.weights[0, 1, 1, 3]:.2f}" in labels


def test_the_text_is_of_the_last_query_by_default():
    fig = draw(spread(SENTENCE[:5], causal=True), view="text")
    assert "attention from query 4 (jumps) to each key" in words(fig)
    assert "masked" not in words(fig)
    first = draw(spread(SENTENCE[:5], causal=True), view="text", query=0)
    assert sum(bool(patch.get_hatch()) for patch in first.axes[0].patches) == 8
    assert "masked" in words(first)


def test_long_text_runs_on_in_the_next_line():
    fig = draw(spread([f"word{n}" for n in range(40)], n_head=1), view="text", size=(6, 6))
    lines = {round(patch.get_y(), 3) for patch in fig.axes[0].patches}
    assert len(lines) > 3
    assert max(patch.get_x() + patch.get_width() for patch in fig.axes[0].patches) < 6


@pytest.mark.parametrize(
    ("style", "message"),
    [
        ({"query": 5}, "queries 0 to 4"),
        ({"query": -1}, "queries 0 to 4"),
        ({"size": (6, 1)}, "too small for 2 paragraphs"),
        ({"size": (0.5, 6)}, "too small for 2 paragraphs"),
        ({"dpi": 9000}, "pixels"),
    ],
)
def test_text_that_cannot_be_drawn(style, message):
    with pytest.raises(MisuseError, match=message):
        draw(spread(SENTENCE[:5]), view="text", **style)
