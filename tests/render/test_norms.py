"""Norms of the color scale: positions of weights, ticks, what long texts get by default."""

from __future__ import annotations

import re

import numpy as np
import pytest

import attnviz
from attnviz.core.attention_map import AttentionMap
from attnviz.core.tokens import Token
from attnviz.errors import MisuseError
from attnviz.render.colors import ColorScale
from attnviz.render.head_scales import HeadScales
from attnviz.render.norms import MAX_RATIO, NORMS
from attnviz.render.scaling import LONG_TEXT, MAX_SAMPLE, Scaling, visible_sample
from attnviz.render.style import Style
from tests.cli.runner import run
from tests.conftest import make_map
from tests.render.consoles import printed
from tests.render.pictures import bar, draw, words

WEIGHTS = np.array([0.0, 0.001, 0.01, 0.09, 0.25, 1.0])
EXPECTED = {
    "linear": [0.0, 0.001, 0.01, 0.09, 0.25, 1.0],
    "sqrt": [0.0, 0.0316228, 0.1, 0.3, 0.5, 1.0],
    "log": [0.0, 0.0, 1 / 3, 0.6514142, 0.7993133, 1.0],
}
SIGNED = [norm.name for norm in NORMS if norm.is_signed]


@pytest.mark.parametrize("norm", NORMS, ids=lambda norm: norm.name)
def test_positions_of_weights(norm):
    scale = ColorScale.of(WEIGHTS, norm=norm.name)
    assert np.allclose(scale.positions(WEIGHTS), EXPECTED[norm.name])
    inside = WEIGHTS[scale.low <= WEIGHTS]
    assert np.allclose(scale.weights_at(scale.positions(inside)), inside)
    assert np.all(np.diff(scale.levels(WEIGHTS).astype(int)) >= 0)


@pytest.mark.parametrize("norm", SIGNED)
def test_signed_positions_are_symmetric(norm):
    scale = ColorScale.of(WEIGHTS, signed=True, norm=norm)
    both = np.append(WEIGHTS, -WEIGHTS)
    assert np.allclose(scale.positions(both), [*EXPECTED[norm], *(-np.array(EXPECTED[norm]))])
    assert np.allclose(scale.weights_at(scale.positions(both)), both)


def test_a_logarithmic_scale_begins_at_a_limit_or_at_the_smallest_weight():
    assert ColorScale.of(np.array([0.0, 0.2, 0.4]), norm="log").low == 0.2
    assert ColorScale.of(np.array([1e-9, 0.4]), norm="log").low == pytest.approx(0.4 / MAX_RATIO)
    assert ColorScale.of(np.array([0.2, 0.4]), norm="log", limits=(0.1, None)).low == 0.1
    for flat in (np.zeros(3), np.full(3, 0.5)):
        scale = ColorScale.of(flat, norm="log")
        assert 0 < scale.low < scale.high and np.isfinite(scale.positions(flat)).all()


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"norm": "log", "palette": "RdBu"}, "norm log is for weights that are not negative"),
        ({"norm": "log", "vmin": 0.0}, "vmin=0 must be above 0 with norm log"),
        ({"norm": "logarithm"}, "unknown norm 'logarithm'"),
    ],
)
@pytest.mark.parametrize("show", [draw, printed])
def test_norms_that_the_scale_cannot_have_are_refused(show, options, says):
    with pytest.raises(MisuseError, match=re.escape(says)):
        show(make_map(), **options)


def map_of(weights):
    """A map of these weights of one head.    [1, 1, query, key]"""
    n_query, n_key = weights.shape[2:]
    names = [
        [Token.of(f"{kind}{n}") for n in range(size)]
        for kind, size in (("q", n_query), ("k", n_key))
    ]
    return AttentionMap(*map(tuple, names), weights, meta={"row_sum": "any"})


def test_robust_ends_the_scale_at_a_quantile_of_visible_weights():
    weights = np.concatenate([np.full(98, 0.01), [0.02, 0.5]]).reshape(1, 1, 10, 10)
    amap = map_of(weights)
    scale = HeadScales.of(amap, None, scaling=Scaling(robust=True)).weights
    assert scale.high == pytest.approx(np.quantile(weights, 0.98))
    assert HeadScales.of(amap, None, scaling=Scaling(robust=True, vmax=0.3)).weights.high == 0.3
    figure = draw(amap, robust=True)
    assert bar(figure).get_yticklabels()[-1].get_text().startswith("≥ 0.01")
    assert any(word.startswith("outside the scale: 2 above") for word in words(figure))
    sparse = map_of(np.eye(20)[None, None])
    assert HeadScales.of(sparse, None, scaling=Scaling(robust=True)).weights.high == 1.0
    causal = attnviz.look("a b c d e f g h", variant="causal")
    visible = causal.weights[np.broadcast_to(causal.visible, causal.weights.shape)]
    assert np.array_equal(visible_sample(causal.weights, causal.visible), visible)


def test_a_quantile_of_a_large_map_needs_a_sample_only():
    weights = np.zeros((1, 4, 500, 500), np.float32)
    weights[:, :, :, 7] = 1.0
    sample = visible_sample(weights)
    assert sample.size <= 2 * MAX_SAMPLE and sample.mean() == pytest.approx(1 / 500)


def long_map(n_token, **options):
    """An untrained map of a text of this length."""
    return attnviz.look(" ".join(f"w{n % 23}" for n in range(n_token)), seed=1, **options)


@pytest.mark.parametrize(("variant", "norm"), [("causal", "log"), ("cog", "square root")])
@pytest.mark.parametrize("view", ["matrix", "overview", "text"])
def test_long_texts_have_a_norm_and_state_it(view, variant, norm):
    amap = long_map(LONG_TEXT + 1, variant=variant)
    assert bar(draw(amap, view=view)).get_ylabel() == f"weight ({norm})"
    assert re.search(rf"scale .*\({norm}\)", printed(amap, 160, view=view))
    assert bar(draw(amap, view=view, norm="linear")).get_ylabel() == "weight"
    assert bar(draw(amap, view=view, vmax=1.0)).get_ylabel() == "weight"
    short = long_map(LONG_TEXT, variant=variant)
    assert bar(draw(short, view=view)).get_ylabel() == "weight"
    assert "(log)" not in printed(short, 160, view=view)


@pytest.mark.parametrize("view", ["lines", "rows"])
def test_bars_and_lines_of_long_texts_are_linear(view):
    amap = long_map(LONG_TEXT + 1, variant="causal")
    assert Scaling.of(amap, Style(), view).norm == "linear"
    with pytest.raises(MisuseError, match=f"norm has no effect in the {view} view"):
        draw(amap, view=view, norm="log")


def test_the_first_rows_of_a_long_causal_map_leave_the_others_many_colors():
    amap = long_map(120, variant="causal")
    scale = HeadScales.of(amap, None, scaling=Scaling.of(amap, Style(), "matrix")).weights
    late = amap.weights[..., 60:, :60]
    assert np.ptp(scale.levels(late)) > 120 > 60 > np.ptp(ColorScale.of(amap.weights).levels(late))


@pytest.mark.parametrize("norm", [norm for norm in NORMS if norm.label], ids=lambda n: n.name)
def test_ticks_are_apart_on_the_bar_and_at_their_colors(norm):
    figure = draw(long_map(8), norm=norm.name, vmin=0.01 if norm.name == "log" else None)
    axes = bar(figure)
    heights = axes.get_yticks()
    assert len(heights) >= 3 and np.diff(heights).min() > 0.1
    labels = [float(label.get_text().lstrip("≤≥ ")) for label in axes.get_yticklabels()]
    scale = ColorScale.of(
        long_map(8).weights, norm=norm.name, limits=(0.01 if norm.name == "log" else None, None)
    )
    assert np.allclose(scale.positions(np.array(labels)), heights, atol=0.01)


def test_a_comparison_of_long_texts_has_a_norm_for_each_scale():
    amap = attnviz.compare(" ".join("abcdefgh" * 9), variants=["scaled-dot", "causal"])
    labels = [axes.get_ylabel() for axes in draw(amap).axes if axes.get_label() == "colorbar"]
    assert labels == ["weight (log)", "difference (square root)"]


def test_the_command_takes_norm_and_robust():
    made = run("the cat sat", "--norm", "sqrt", "--robust")
    assert made.status == 0 and "(square root)" in made.out
    assert run("mask", "causal", "--size", "3", "--norm", "log").status == 2
