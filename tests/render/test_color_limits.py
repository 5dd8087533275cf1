"""Limits of the color scale: the same in several pictures, stated where weights are outside."""

from __future__ import annotations

import re

import numpy as np
import pytest

import attnviz
from attnviz.errors import MisuseError
from attnviz.render.head_scales import HeadScales
from attnviz.render.scaling import Scaling
from attnviz.render.views import SCALED_VIEWS, VIEWS
from tests.cli.runner import run
from tests.conftest import make_map
from tests.render.consoles import printed, segments
from tests.render.pictures import bar, draw
from tests.render.test_terminal_colour import number_cells

SENTENCE = "the cat sat on the mat"


@pytest.mark.parametrize("view", ["matrix", "overview", "text"])
def test_figures_state_the_limits_and_what_is_outside(view):
    amap = make_map()
    figure = draw(amap, view=view, vmin=0.2, vmax=0.3)
    ticks = [label.get_text() for label in bar(figure).get_yticklabels()]
    assert (ticks[0], ticks[-1]) == ("≤ 0.2", "≥ 0.3")
    assert any(text.get_text().startswith("outside the scale: ") for text in figure.texts)
    cut = draw(amap, view=view, vmin=0.0, vmax=0.3)
    ticks = [label.get_text() for label in bar(cut).get_yticklabels()]
    assert (ticks[0], ticks[-1]) == ("0", "≥ 0.3")
    calm = draw(amap, view=view, vmin=0.0, vmax=2.0)
    assert [label.get_text() for label in bar(calm).get_yticklabels()][-1] == "2"
    assert not any("outside" in text.get_text() for text in calm.texts)


def test_equal_weights_of_two_pictures_have_equal_colors():
    small = make_map(n_head=1)
    large = make_map(n_head=1, meta={"row_sum": "any"})
    object.__setattr__(large, "weights", small.weights * 2)
    alone = [number_cells(segments(amap)) for amap in (small, large)]
    assert [rgb for _, rgb in alone[0]] == [rgb for _, rgb in alone[1]]
    shared = [dict(number_cells(segments(amap, vmax=1.0, precision=9))) for amap in (small, large)]
    both = set(shared[0]) & set(shared[1])
    assert all(shared[0][text] == shared[1][text] for text in both)
    assert set(shared[0].values()) != set(shared[1].values())


@pytest.mark.parametrize("view", ["matrix", "overview", "text"])
def test_the_terminal_states_the_limits_and_what_is_outside(view):
    text = printed(make_map(), 160, view=view, vmin=0.2, vmax=0.3)
    assert re.search(r"scale ≤0\.2.*≥0\.3 ", text) and "outside the scale: " in text
    assert "outside" not in printed(make_map(), 160, view=view, vmax=2.0)


def test_glyphs_are_spread_between_the_limits():
    amap = make_map(["t"] * 30, n_head=1)
    low, high = float(np.quantile(amap.weights, 0.2)), float(np.quantile(amap.weights, 0.8))
    text = printed(amap, 160, vmin=low, vmax=high)
    assert text.count("█") > printed(amap, 160).count("█")
    limit = re.search(r"blank = weight < ([\d.e-]+)", text)
    assert low < float(limit[1]) * 1.05 and float(limit[1]) < high


LIMITED = Scaling(vmin=0.1, vmax=0.3)


def comparison():
    """Two mechanisms and their difference; some changes are above 0.3, and so are weights."""
    return attnviz.compare(SENTENCE, variants=["scaled-dot", "hard"])


def test_limits_of_a_comparison_are_those_of_weights_and_not_of_differences():
    amap = comparison()
    free, limited = HeadScales.of(amap, None), HeadScales.of(amap, None, scaling=LIMITED)
    assert (limited.weights.low, limited.weights.high) == (0.1, 0.3)
    assert limited.differences == free.differences
    n_above = int((amap.weights[:, :2] > 0.3).sum())
    n_below = int((amap.weights[:, :2] < 0.1).sum())
    note = limited.outside_note(amap.weights, np.False_)
    assert re.findall(r"(\d+) (?:below|above)", note) == [str(n_below), str(n_above)]
    assert free.outside_note(amap.weights, np.False_) == ""


def test_a_difference_alone_has_symmetric_limits():
    scales = HeadScales.of(comparison().select(heads=[2]), None, scaling=Scaling(vmax=0.3))
    assert (scales.weights.low, scales.weights.high) == (-0.3, 0.3)


@pytest.mark.parametrize("view", SCALED_VIEWS)
def test_a_comparison_marks_the_ends_of_the_limited_scale_only(view):
    text = printed(comparison(), 160, view=view, vmax=0.05)
    (scales,) = [line for line in text.splitlines() if "weight scale" in line]
    weight, difference = scales.split("difference scale")
    assert view == "overview" or "weight scale 0 to ≥0.05" in weight
    assert "≥0.05" in weight and "≥" not in difference and "≤" not in difference
    bars = [
        [label.get_text() for label in axes.get_yticklabels()]
        for axes in draw(comparison(), view=view, vmax=0.05).axes
        if axes.get_label() == "colorbar"
    ]
    assert [[text[:1] in "≤≥" for text in (low, high)] for low, *_, high in bars] == [
        [False, True],
        [False, False],
    ]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--vmax", "0.5", "--view", "rows"), "in the rows view of table"),
        (("--vmax", "0.5", "--json"), "has no effect on json"),
        (("--vmin", "0.5", "--vmax", "0.1"), "--vmin 0.5 must be below --vmax 0.1"),
        (("--vmax", "nan"), "not a finite number"),
    ],
)
def test_limits_that_make_no_sense_are_refused(words, says):
    made = run(SENTENCE, *words)
    assert made.status == 2 and says in made.err and made.out == ""


@pytest.mark.parametrize("view", [view.name for view in VIEWS if view.name not in SCALED_VIEWS])
@pytest.mark.parametrize("show", [draw, printed])
def test_bars_and_lines_have_no_limits(view, show):
    if view == "auto":
        show(make_map(), view=view, vmax=1.0)
        return
    with pytest.raises(MisuseError, match=f"no effect in the {view} view"):
        show(make_map(), view=view, vmax=1.0)
