"""Named patterns: heads made to fit, and heads that do not."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.core.attention_map import AttentionMap
from attnviz.measures.patterns import PATTERNS, best_patterns, pattern_scores
from tests.measure.maps import WORDS, causal, gated, leaky, only_at, plain, tokens

LAST = len(WORDS) - 1
MADE = {
    "previous token": lambda i: max(i - 1, 0),
    "next token": lambda i: min(i + 1, LAST),
    "self": lambda i: i,
    "first token": lambda i: 0,
    "special tokens": lambda i: 0,
    "duplicate token": lambda i: WORDS.index(WORDS[i]),
    "induction": lambda i: WORDS.index(WORDS[i]) + 1 if i in (4, 5) else i,
}


@pytest.mark.parametrize("name", MADE)
def test_a_head_with_a_pattern_has_its_name(name):
    assert pattern_scores(only_at(MADE[name]))[name].tolist() == [[1.0]]


def test_every_pattern_is_tried():
    assert {*MADE, "diffuse"} == {pattern.name for pattern in PATTERNS}


@pytest.mark.parametrize(
    ("name", "place"),
    [
        ("previous token", MADE["self"]),
        ("next token", MADE["previous token"]),
        ("self", lambda i: (i + 3) % 7),
        ("first token", MADE["next token"]),
        ("duplicate token", MADE["induction"]),
        ("induction", MADE["duplicate token"]),
    ],
)
def test_a_head_with_another_pattern_does_not_have_the_name(name, place):
    scores = pattern_scores(only_at(place))  # no later key: the map is causal
    assert scores[name].tolist() == [[0.0]] if name in scores else name == "next token"


def test_induction_equals_the_loop():
    amap = plain()
    for at in np.ndindex(amap.n_layer, amap.n_head):
        rows = []
        for i, word in enumerate(WORDS):
            cells = [j + 1 for j in range(i - 1) if WORDS[j] == word and word != "[CLS]"]
            if cells:
                rows.append(sum(amap.weights[at][i, k] for k in cells))
        assert len(rows) == 2  # the second "the", the second "cat"
        assert pattern_scores(amap)["induction"][at] == pytest.approx(sum(rows) / len(rows))


def test_previous_is_the_mean_of_the_rows_that_have_one():
    amap = causal()
    rows = [amap.weights[1, 2, i, i - 1] for i in range(1, len(WORDS))]
    assert pattern_scores(amap)["previous token"][1, 2] == pytest.approx(np.mean(rows))


def test_a_row_with_one_visible_key_does_not_count():
    """The first row of a causal map can only look at itself."""
    amap = causal()
    rows = [amap.weights[0, 0, i, i] for i in range(1, len(WORDS))]
    assert pattern_scores(amap)["self"][0, 0] == pytest.approx(np.mean(rows))


def test_uniform_rows_are_diffuse():
    words = tokens()
    even = AttentionMap(words, words, np.full((1, 1, 7, 7), 1 / 7))
    assert pattern_scores(even)["diffuse"][0, 0] == pytest.approx(1.0)
    assert best_patterns(even)[0].name == "diffuse"
    assert pattern_scores(only_at(lambda i: 6 - i))["diffuse"][0, 0] == pytest.approx(1 / 7)


def test_a_row_with_half_of_the_weight_scores_half():
    whole = only_at(MADE["self"])
    half = AttentionMap(
        whole.queries, whole.keys, whole.weights / 2, meta={"row_sum": "at most 1"}
    )
    assert pattern_scores(half)["self"].tolist() == [[0.5]]


def test_patterns_that_the_text_cannot_have_are_left_out():
    apart = pattern_scores(plain(words=("the", "cat"), keys=("le", "chat", "dort")))
    assert set(apart) == {"first token", "diffuse"}
    assert "induction" not in pattern_scores(plain(words=("a", "b", "c")))
    assert "diffuse" not in pattern_scores(gated())
    assert pattern_scores(plain(words=("alone",))) == {}


def test_all_scores_of_distributions_are_between_0_and_1():
    for make in (plain, causal, leaky):
        for score in pattern_scores(make()).values():
            assert score.shape == (2, 3) and (score >= 0).all() and (score <= 1 + 1e-12).all()


def test_heads_are_named_by_their_original_numbers():
    amap = only_at(MADE["previous token"])
    selected = AttentionMap(amap.queries, amap.keys, amap.weights, layers=(4,), heads=(7,))
    assert best_patterns(selected) == [(4, 7, "previous token", 1.0)]


def test_a_head_that_fits_nothing_has_no_name():
    assert best_patterns(plain(), at_least=1.1)[0].name is None
    assert best_patterns(plain(words=("alone",)))[0] == (0, 0, None, 0.0)


def test_a_head_that_fits_less_than_half_has_no_pattern():
    weights = np.full((1, 1, 7, 7), 0.0)
    weights[0, 0, np.arange(7), np.arange(7)] = 0.4
    amap = AttentionMap(tokens(), tokens(), weights)
    (best,) = best_patterns(amap)
    assert (best.name, round(best.score, 2)) == (None, 0.4)
    assert best_patterns(amap, at_least=0.3)[0].name == "self"
