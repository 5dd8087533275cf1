"""Properties of every normalizer, for any scores and any mask."""

from functools import cache
from itertools import cycle

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.testing import assert_allclose, assert_array_equal

from attnviz.core.arithmetic import WeightPair
from attnviz.core.normalizers.elementwise import Sigmoid
from attnviz.core.normalizers.sparsemax_entmax import Sparsemax
from attnviz.core.numerics import softmax
from attnviz.core.registry import parts_for
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError
from tests.core.layers import make_layer

NORMALIZERS = list(parts_for("normalize"))
every_normalizer = pytest.mark.parametrize("part", NORMALIZERS, ids=lambda part: part.name)

SHAPE = (2, 7, 7)
scores = arrays(np.float64, SHAPE, elements=st.floats(-30, 30) | st.sampled_from([-1e4, 0.0, 1e4]))
views = arrays(np.bool_, SHAPE)


def draw_examples(*strategies):
    """Twenty examples of these strategies, the same in every run, drawn once for all parts."""
    drawn = []

    @settings(max_examples=20, deadline=None, derandomize=True, database=None)
    @given(st.tuples(*strategies))
    def collect(example):
        drawn.append(example)

    collect()
    assert len(drawn) == 20
    return drawn


def random_scores_and_views():
    """Ten ordinary examples: distinct scores, about half of the keys visible."""
    for n in range(10):
        yield draw_uniform(SHAPE, "scores", n), draw_uniform(SHAPE, "visible", n) > 0


@cache
def scores_and_views():
    """Examples of Hypothesis, most with few distinct scores, and ordinary ones."""
    return [*draw_examples(scores, views), *random_scores_and_views()]


@cache
def make_inputs(normalizer):
    row = Variant(name="row", summary="", formula="", normalize=normalizer)
    _, inputs = make_layer(row, n_query=7)
    return inputs


def normalize(part, logits, visible):
    """The weights of a normalizer, and the keys it leaves visible.

    One that mixes rows may refuse some inputs: then both are all zeros.
    """
    normalizer = part()
    inputs = make_inputs(normalizer)
    with np.errstate(invalid="ignore", over="ignore"):  # as compute_weights does
        visible = normalizer.restrict_visible(logits, visible, inputs)
    try:
        return normalizer(logits, visible, inputs), np.broadcast_to(visible, SHAPE)
    except MisuseError:
        if normalizer.row_local:
            raise
        return np.zeros(SHAPE), np.zeros(SHAPE, dtype=bool)


@every_normalizer
def test_weights_have_the_stated_row_sum(part):
    for logits, visible in scores_and_views():
        weights, left = normalize(part, logits, visible)
        assert np.isfinite(weights).all()
        assert (weights[~left] == 0.0).all()
        assert part.signed or (weights >= 0.0).all()
        sums, some = weights.sum(-1), left.any(-1)
        if part.row_sum == "1":
            assert_allclose(sums[some], 1.0, atol=1e-12)
        elif part.row_sum == "at most 1":
            assert (np.abs(sums) <= 1.0 + 1e-12).all()


POISON = (np.nan, np.inf, -np.inf, 1e300)


@every_normalizer
def test_masked_scores_change_nothing(part):
    for (logits, visible), poison in zip(scores_and_views(), cycle(POISON), strict=False):
        weights, _ = normalize(part, logits, visible)
        poisoned, _ = normalize(part, np.where(visible, logits, poison), visible)
        assert_array_equal(poisoned, weights)


SCORE_FREE = ("gaussian", "pooling")  # weights that no score enters
MOVING = ("ntm-addressing", "stepwise")  # weight moves to keys next to those with a score
SCORED = [part for part in NORMALIZERS if part.name not in SCORE_FREE + MOVING]


@pytest.mark.parametrize("part", SCORED, ids=lambda part: part.name)
def test_a_score_of_minus_infinity_has_no_weight(part):
    """A bias may mask a key by its score: the row sum stays, and nothing becomes NaN."""
    for logits, visible in scores_and_views():
        masked = np.where(np.arange(7) % 3 == 1, -np.inf, logits)
        weights, _ = normalize(part, masked, visible)
        assert np.isfinite(weights).all()
        assert (weights[..., 1::3] == 0.0).all()


@every_normalizer
def test_the_lines_that_explain_a_weight_end_in_it(part):
    logits, all_seen = draw_uniform(SHAPE, "lines"), np.ones(SHAPE, dtype=bool)
    weights, visible = normalize(part, logits, all_seen)
    _, inputs = make_layer(
        Variant(name="row", summary="", formula="", normalize=part()), n_query=7
    )
    for key in np.flatnonzero(visible[1, 6]):
        pair = weight_pair(inputs, (1, 6, int(key)), logits, visible, weights)
        *_, last = part().explain_lines(pair)
        assert (last.label, last.value) == ("weight", weights[1, 6, key])


def weight_pair(inputs, at, logits, visible, weights):
    columns = tuple("abcdefg"[: logits.shape[-1]])
    return WeightPair(inputs, *at, visible, weights, columns, logits, visible)


def test_the_lines_of_sparsemax_and_sigmoid():
    logits, weights = np.array([[[1.0, 0.8, -3.0]]]), np.array([[[0.6, 0.4, 0.0]]])
    _, inputs = make_layer(Variant(name="row", summary="", formula=""), n_query=1, n_key=3)
    pair = weight_pair(inputs, (0, 0, 1), logits, np.ones((1, 1, 3), dtype=bool), weights)
    lines = {line.label: line for line in Sparsemax().explain_lines(pair)}
    assert (lines["support"].value, lines["τ"].expression) == (2.0, "(1.8 − 1) / 2")
    assert (lines["τ"].value, lines["weight"].expression) == (0.4, "max(0.8 − 0.4, 0)")
    (gate,) = Sigmoid().explain_lines(pair)
    assert gate.expression == "σ(0.8 − log(3))"


SHIFTED = ("softmax", "hard", "sparsemax", "entmax", "normmax", "budget", "fusedmax", "top-k")


@cache
def shifted_scores():
    whole_numbers = arrays(np.float64, SHAPE, elements=st.integers(-9, 9).map(float))
    shifts = [-1024.0, 3.0, 4096.0]
    ordinary = zip(random_scores_and_views(), cycle(shifts), strict=False)
    return [
        *draw_examples(whole_numbers, views, st.sampled_from(shifts)),
        *((np.rint(logits * 4), visible, shift) for (logits, visible), shift in ordinary),
    ]


@pytest.mark.parametrize("name", SHIFTED)
def test_a_constant_added_to_a_row_changes_nothing(name):
    part = next(p for p in NORMALIZERS if p.name == name)
    for logits, visible, shift in shifted_scores():
        plain, _ = normalize(part, logits, visible)
        assert_allclose(normalize(part, logits + shift, visible)[0], plain, atol=1e-12)


@pytest.mark.parametrize("name", ["sigmoid", "softmax-one", "softpick", "cog"])
def test_a_constant_added_to_a_row_can_change_weights(name):
    part = next(p for p in NORMALIZERS if p.name == name)
    logits, all_seen = np.zeros(SHAPE) + np.arange(7.0), np.ones(SHAPE, dtype=bool)
    plain, _ = normalize(part, logits, all_seen)
    assert not np.allclose(normalize(part, logits - 3.0, all_seen)[0], plain)


def test_a_row_of_softmax_does_not_depend_on_the_others():
    calm = draw_uniform((1, 3, 5), "calm").astype(np.float32)
    shown = np.ones((1, 3, 5), dtype=bool)
    alone = softmax(calm, shown)
    for wild in (1e4, 200.0, -200.0, -1e4):
        beside = calm.copy()
        beside[0, 1] += wild
        result = softmax(beside, shown)
        assert np.array_equal(result[0, [0, 2]], alone[0, [0, 2]])
        assert_allclose(
            result[0, 1], softmax(beside[:, 1:2] - wild, shown[:, 1:2])[0, 0], atol=1e-3
        )
    hidden = softmax(calm, shown & (np.arange(3) != 1)[:, None])
    assert np.array_equal(hidden[0, [0, 2]], alone[0, [0, 2]])
    assert (hidden[0, 1] == 0).all()


def test_the_overflow_that_softmax_avoids_is_real():
    with np.errstate(over="ignore"):
        assert np.isinf(np.exp(np.float32(200.0)))
    assert np.exp(np.float32(-200.0)) == 0
