"""The arcs view: an arc per weight, over the sentence, from its query to its key."""

from __future__ import annotations

import numpy as np
import pytest
from matplotlib.collections import LineCollection

import attnviz
from attnviz.render.colors import ColorScale
from tests.cli.runner import run
from tests.render.pictures import draw, heads, words

TEXT = "the cat sat on a mat"


def arcs(amap, head=0, **style):
    """The collection of arcs of a head, and their feet (query, key) and highest point."""
    axes = heads(draw(amap, view="arcs", **style))[head]
    (lines,) = [each for each in axes.collections if isinstance(each, LineCollection)]
    points = [path.vertices for path in lines.get_paths()]
    feet = [(round(p[0, 0], 6), round(p[-1, 0], 6)) for p in points]
    tops = [p[np.abs(p[:, 1] - p[0, 1]).argmax(), 1] - p[0, 1] for p in points]
    return lines, feet, tops


def is_loop(foot):
    """Whether an arc is that of a token to itself, with its feet beside the token."""
    return foot[0] % 1 != 0


def test_each_weight_has_an_arc_of_its_color_and_width():
    amap = attnviz.look(TEXT, variant="causal")
    lines, feet, tops = arcs(amap)
    weights = amap.weights[0, 0]
    scale = ColorScale.of(amap.weights, palette="Blues")
    others = [(foot, i) for i, foot in enumerate(feet) if not is_loop(foot)]
    q, k = np.tril_indices(6, -1)
    shown = weights[q, k] >= 0.01 * scale.high
    expected = set(zip(q[shown].tolist(), k[shown].tolist(), strict=True))
    assert {foot for foot, _ in others} == expected
    for (start, end), i in others:
        at = (int(start), int(end))
        assert np.allclose(lines.get_colors()[i][:3], scale.rgb(weights[at]) / 255)
        assert tops[i] > 0  # all keys are left of their queries
    assert np.all(np.diff(lines.get_linewidths()) >= 0)


def test_keys_to_the_right_have_their_arcs_below():
    amap = attnviz.look(TEXT, heads=1)
    _, feet, tops = arcs(amap)
    for (start, end), top in zip(feet, tops, strict=True):
        assert is_loop((start, end)) or (end < start) == (top > 0)
    assert min(tops) < 0 < max(tops)
    notes = words(draw(amap, view="arcs"))
    assert any("arcs below: right of it" in note for note in notes)
    causal = words(draw(attnviz.look(TEXT, variant="causal"), view="arcs"))
    assert not any("below:" in note for note in causal)


def test_longer_ways_are_higher():
    _, feet, tops = arcs(attnviz.look(TEXT, variant="causal"))
    by_span = {abs(start - end): top for (start, end), top in zip(feet, tops, strict=True)}
    spans = sorted(span for span in by_span if span > 0.9)
    assert [by_span[span] for span in spans] == sorted(by_span[span] for span in spans)


def test_two_texts_stand_beside_each_other():
    amap = attnviz.look("the cat", "le chat noir", variant="cross")
    _, feet, tops = arcs(amap)
    assert {start for start, _ in feet} == {0, 1} and {end for _, end in feet} <= {3, 4, 5}
    assert min(tops) > 0
    assert {"the", "cat", "le", "chat", "noir"} <= set(words(draw(amap, view="arcs")))


def test_weight_on_none_of_the_keys_is_a_further_token():
    amap = attnviz.look("a b c", variant="softmax-one")
    _, feet, _ = arcs(amap)
    assert any(end == 4 for _, end in feet) and "∅" in words(draw(amap, view="arcs"))


def test_arcs_beside_highlighted_ones_are_pale():
    lines, _, _ = arcs(attnviz.look(TEXT, variant="causal"), highlight=("sat",))
    alphas = lines.get_alpha().tolist()
    assert alphas.count(1.0) == 3 < len(alphas)


@pytest.mark.parametrize("name", ["table", "html"])
def test_arcs_are_a_view_of_figures(name):
    made = run(TEXT, "--view", "arcs", "-f", name)
    assert made.status == 2 and "it has no arcs view" in made.err
