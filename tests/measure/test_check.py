"""Validation rules: each is violated once and met once."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.core.attention_map import AttentionMap
from attnviz.core.token_features import PADDING_TOKENS
from attnviz.measures.check import check_weights, find_violations
from attnviz.measures.rules import RULES, Requirements
from tests.measure.maps import SHARED_OUT, UNSHARED, causal, leaky, plain, shares, tokens

MASK = np.tril(np.ones((5, 5), dtype=bool))


def full_weights(**changes):
    """Two layers, three heads, five tokens; some places changed."""
    weights = shares(2, 3, 5, 5)
    for place, value in changes.get("at", {}).items():
        weights[place] = value
    return weights


def uncaused():
    weights = full_weights() * MASK
    return weights / weights.sum(-1, keepdims=True)


def filled():
    weights = uncaused()
    weights[1, 2, 3] = 0.2
    return weights


def looking_ahead():
    weights = full_weights() * MASK
    weights[1, 2, 3, 4] = 0.5
    return weights


LOOSE = Requirements(causal=True, row_sum="any")
BROKEN = {
    "number": (full_weights(at={(1, 2, 3, 4): np.inf}), Requirements(), (3, 4), np.inf),
    "negative": (full_weights(at={(1, 2, 3, 4): -0.5}), Requirements(), (3, 4), -0.5),
    "row sum": (full_weights() + 2 * np.eye(5) * np.eye(5)[3], Requirements(), (3,), 3.0),
    "forbidden": (looking_ahead(), LOOSE, (3, 4), 0.5),
    "filled": (filled(), Requirements(causal=True), (3,), 0.2),
    "transposed": (full_weights().swapaxes(-1, -2), Requirements(), (), None),
}


def test_the_worst_violation_is_first():
    weights = full_weights(at={(0, 1, 2, 3): -0.25, (1, 2, 3, 4): -0.5})
    found = [v for v in check_weights(weights, (5, 5)) if v.rule == "negative"]
    assert [(v.layer, v.head, v.badness) for v in found] == [(1, 2, 0.5), (0, 1, 0.25)]
    worst = [v.badness for v in check_weights(weights, (5, 5))]
    assert worst == sorted(worst, reverse=True)


def test_every_rule_is_broken_here():
    assert set(BROKEN) == {"number", *(name for name, _ in RULES)}


@pytest.mark.parametrize("rule", BROKEN)
def test_a_violation_is_reported_with_its_position(rule):
    weights, expect, place, value = BROKEN[rule]
    violations = [v for v in check_weights(weights, (5, 5), expect) if v.rule == rule]
    last = next(v for v in violations if (v.layer, v.head) in ((1, 2), (None, None)))
    assert (last.layer, last.head, last.tokens) == (1, 2, place)
    assert last.sentence.startswith("layer 1, head 2: ")
    assert all(str(position) in last.sentence for position in place)
    assert value is None or last.value == pytest.approx(value)


@pytest.mark.parametrize("make", SHARED_OUT + UNSHARED)
def test_maps_that_state_their_properties_pass(make):
    assert find_violations(make()) == []


def test_causal_maps_are_causal():
    assert find_violations(causal(), Requirements(causal=True)) == []
    assert {v.rule for v in find_violations(plain(), Requirements(causal=True))} == {"forbidden"}


def test_the_worst_position_is_reported_and_the_others_are_counted():
    weights = shares(1, 1, 3, 3)
    weights[0, 0] *= np.array([[1.1], [1.5], [1.0]])
    (violation,) = check_weights(weights, (3, 3))
    assert violation.tokens == (1,) and violation.count == 2
    assert violation.value == pytest.approx(1.5)
    assert violation.sentence == ("layer 0, head 0: query 1: row sum 1.5, should be 1 (+1 more)")


@pytest.mark.parametrize(("window", "n"), [(1, 0), (2, 1), (3, 2), (4, 3), (5, 4)])
def test_a_window_holds_that_many_keys(window, n):
    """Queries look back n keys: that needs a window of n + 1."""
    ahead = np.arange(6) - np.arange(6)[:, None]
    weights = ((ahead <= 0) & (ahead >= -n)) / np.minimum(np.arange(6) + 1, n + 1)[:, None]
    assert (
        check_weights(weights[None, None], (6, 6), Requirements(causal=True, window=window)) == []
    )
    if n:
        tight = Requirements(causal=True, window=window - 1)
        (violation, *_) = check_weights(weights[None, None], (6, 6), tight)
        assert (
            violation.rule == "forbidden"
            and f"outside the window of {window - 1}" in violation.sentence
        )


def test_fewer_queries_are_the_last_positions():
    weights = np.array([[[[0.5, 0.5, 0.0], [0.3, 0.3, 0.4]]]])
    assert check_weights(weights, (2, 3), Requirements(causal=True)) == []
    assert check_weights(weights[..., ::-1], (2, 3), Requirements(causal=True))


def test_masked_keys_are_not_checked():
    amap = causal()
    honest = AttentionMap(amap.queries, amap.keys, amap.weights, visible=amap.visible)
    narrow = amap.visible.copy()
    narrow[..., 4, 1] = False
    lying = AttentionMap(amap.queries, amap.keys, amap.weights, visible=narrow)
    assert find_violations(honest) == []
    assert {v.tokens for v in find_violations(lying)} == {(4, 1)} and len(
        find_violations(lying)
    ) == 6
    assert "on a masked key" in find_violations(lying)[0].sentence


@pytest.mark.parametrize("pad", PADDING_TOKENS)
def test_padding_is_recognized_by_its_name(pad):
    words = ("a", "b", pad)
    violations = find_violations(plain(words=words, n_layer=1, n_head=1))
    assert [(v.rule, v.tokens[1], v.count) for v in violations] == [("forbidden", 2, 3)]
    weights = np.full((1, 1, 3, 3), 0.5)
    weights[..., 2] = 0.0
    assert find_violations(AttentionMap(tokens(words), tokens(words), weights)) == []


@pytest.mark.parametrize(
    ("row_sum", "factor", "broken"),
    [
        ("1", 0.9, True),
        ("1", 1.1, True),
        ("at most 1", 0.9, False),
        ("at most 1", 1.1, True),
        ("any", 1.1, False),
        ("any", 0.0, False),
        ("at most 1", 0.0, False),
        ("1", 0.0, True),
    ],
)
def test_rows_have_the_stated_sum(row_sum, factor, broken):
    violations = check_weights(full_weights() * factor, (5, 5), Requirements(row_sum=row_sum))
    assert [v.rule for v in violations] == ["row sum"] * (6 if broken else 0)


def test_a_fully_masked_row_can_be_empty():
    visible = np.ones((5, 5), dtype=bool)
    visible[2] = False
    weights = full_weights() * visible
    assert check_weights(weights, (5, 5), visible=visible) == []
    assert len(check_weights(weights, (5, 5))) == 6


@pytest.mark.parametrize("dtype", ["float16", "float32", "float64"])
def test_rounding_breaks_nothing_and_more_than_rounding_does(dtype):
    weights = shares(2, 3, 40, 40).astype(dtype)
    assert check_weights(weights, (40, 40)) == []
    assert check_weights(weights, (40, 40), Requirements(tolerance=0.0))
    weights[0, 0, 0, 0] += {"float16": 0.01, "float32": 1e-4, "float64": 1e-8}[dtype]
    assert [v.tokens for v in check_weights(weights, (40, 40))] == [(0,)]


def test_swapped_axes_are_named():
    violations = check_weights(full_weights().swapaxes(-1, -2), (5, 5))
    assert {v.rule for v in violations} == {"row sum", "transposed"}
    even = np.full((1, 1, 3, 3), 1 / 3)  # both ways are right
    assert check_weights(even, (3, 3)) == []


def test_a_uniform_row_is_a_violation_with_masked_keys_only():
    even = np.full((1, 1, 3, 3), 1 / 3)
    assert check_weights(even, (3, 3)) == []
    violations = check_weights(even, (3, 3), Requirements(causal=True))
    assert [(v.rule, v.count) for v in violations] == [("forbidden", 3), ("filled", 2)]


@pytest.mark.parametrize("shape", [(2, 3, 5, 4), (3, 5, 5), (5, 5), ()])
def test_a_wrong_number_of_tokens_is_reported_with_both_numbers(shape):
    (violation,) = check_weights(np.zeros(shape), (5, 5))
    assert (violation.rule, violation.layer, violation.head) == ("tokens", None, None)
    assert str(shape) in violation.sentence and "5 queries and 5 keys" in violation.sentence


def test_numbers_are_the_original_ones():
    amap = AttentionMap(
        tokens("ab"), tokens("ab"), np.full((1, 1, 2, 2), 0.7), layers=(4,), heads=(9,)
    )
    assert find_violations(amap)[0].sentence.startswith("layer 4, head 9: ")


@pytest.mark.parametrize("value", [np.inf, -np.inf, np.nan, 1e308])
def test_nan_and_infinity_are_reported(value):
    weights = np.full((1, 1, 2, 2), value)
    assert check_weights(weights, (2, 2))[0].rule == ("row sum" if value == 1e308 else "number")


def test_no_tokens_break_no_rule():
    assert check_weights(np.zeros((1, 1, 0, 0)), (0, 0)) == []


def test_a_remainder_is_no_violation():
    assert find_violations(leaky()) == []
    lying = AttentionMap(leaky().queries, leaky().keys, leaky().weights, leaky().visible)
    assert {v.rule for v in find_violations(lying)} == {"row sum"}


def test_a_row_sum_may_be_off_by_the_tolerance_and_no_more():
    weights = np.full((1, 1, 2, 2), 0.5)
    weights[0, 0, 1, 1] = 0.65
    for tolerance, n in ((0.2, 0), (0.1, 1)):
        assert len(check_weights(weights, (2, 2), Requirements(tolerance=tolerance))) == n


def test_the_message_about_tokens_does_not_exchange_queries_and_keys():
    (violation,) = check_weights(np.zeros((1, 1, 5, 5)), (3, 4))
    assert violation.sentence.endswith("do not fit 3 queries and 4 keys")
