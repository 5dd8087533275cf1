"""Differences and divergence of two maps."""

from __future__ import annotations

import re
from dataclasses import replace
from math import log2

import numpy as np
import pytest
from numpy.testing import assert_allclose

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.measures.alignment import align_tokens, keep_shared_tokens
from attnviz.measures.difference import (
    difference,
    head_divergence,
    most_changed_heads,
    row_divergence,
)
from tests.measure.maps import (
    SHARED_OUT,
    UNSHARED,
    causal,
    leaky,
    only_at,
    plain,
    tokens,
    with_nothing,
)


def bits_apart(p, q):
    """Half of each one's Kullback–Leibler divergence from their middle, nothing included."""
    total = 0.0
    for a, b in zip(with_nothing(p), with_nothing(q), strict=True):
        for x in (a, b):
            if x:
                total += x * log2(x / ((a + b) / 2)) / 2
    return total


@pytest.mark.parametrize("before", SHARED_OUT)
@pytest.mark.parametrize("after", SHARED_OUT)
def test_divergence_equals_the_loop(before, after):
    one, other = before(1), after(2)
    rows = row_divergence(one, other)
    for at in np.ndindex(*rows.shape):
        assert rows[at] == pytest.approx(bits_apart(one.weights[at], other.weights[at]), abs=1e-9)
    assert_allclose(head_divergence(one, other), rows.mean(-1))
    assert_allclose(row_divergence(other, one), rows, atol=1e-12)


def test_equal_rows_diverge_by_0_and_disjoint_rows_by_1():
    stay, move = only_at(lambda i: i), only_at(lambda i: (i + 1) % 7)
    assert row_divergence(stay, stay).tolist() == [[[0.0] * 7]]
    assert row_divergence(stay, move).tolist() == [[[1.0] * 7]]
    for make in SHARED_OUT:
        assert (row_divergence(make(), make()) == 0).all()


def test_a_fully_masked_row_differs_from_every_other():
    assert_allclose(row_divergence(plain(), leaky())[:, :, 2], 1.0)
    assert (row_divergence(leaky(1), leaky(2))[:, :, 2] == 0.0).all()


@pytest.mark.parametrize("make", UNSHARED)
def test_rows_that_are_no_distributions_have_a_difference_but_no_divergence(make):
    assert difference(plain(), make()).signed
    with pytest.raises(MisuseError, match="divergence needs non-negative rows"):
        row_divergence(plain(), make())


def test_the_difference_has_its_sign():
    before, after = plain(1), plain(2)
    change = difference(before, after)
    assert_allclose(change.weights, after.weights - before.weights)
    assert_allclose(change.row_sums, 0.0, atol=1e-12)
    assert change.signed and change.row_sum == "any"
    assert_allclose(difference(after, before).weights, -change.weights)


def test_a_pair_is_visible_if_visible_in_either_map():
    assert difference(plain(), causal()).masked is None
    both = difference(causal(1), causal(2))
    assert (both.masked == causal().masked).all()
    assert (both.weights[both.masked] == 0.0).all()
    first, second = np.eye(7, dtype=bool), np.tri(7, dtype=bool)
    one, other = (
        replace(plain(), weights=plain().weights * pairs, visible=pairs[None, None])
        for pairs in (first, second)
    )
    assert (difference(one, other).masked == ~second).all()


def test_the_heads_that_changed_most_come_first():
    before = plain(n_layer=2, n_head=2)
    weights = before.weights.copy()
    weights[1, 0] = weights[1, 0][:, ::-1]
    weights[0, 1, :3] = weights[0, 1, :3, ::-1]
    after = AttentionMap(before.queries, before.keys, weights, layers=(3, 5), heads=(7, 9))
    changed = most_changed_heads(before, after, 3)
    assert [(c.layer, c.head) for c in changed] == [(5, 7), (3, 9), (3, 7)]
    assert changed[0].divergence > changed[1].divergence > changed[2].divergence == 0.0
    rows = row_divergence(before, after)[[1, 0], [0, 1]]
    assert [c.row_divergence for c in changed[:2]] == rows.max(-1).tolist()
    assert [c.query for c in changed[:2]] == rows.argmax(-1).tolist()
    assert changed[0].query != changed[1].query and changed[0].query != 0


@pytest.mark.parametrize(
    ("other", "axis"),
    [
        (plain(n_layer=3), "numbers of layers (2 and 3)"),
        (plain(n_head=1), "numbers of heads (3 and 1)"),
        (plain(words=("a", "b")), "numbers of queries (7 and 2)"),
        (plain(keys=("a", "b")), "numbers of keys (7 and 2)"),
    ],
)
def test_maps_of_different_shapes_are_refused(other, axis):
    for measure in (difference, row_divergence, most_changed_heads):
        with pytest.raises(MisuseError, match=re.escape(axis)):
            measure(plain(), other)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("the cat sat", "the cat sat", [(0, 0), (1, 1), (2, 2)]),
        ("the cat sat", "the old cat sat", [(0, 0), (1, 2), (2, 3)]),
        ("the cat sat", "a cat slept", [(1, 1)]),
        ("one two", "three four", []),
    ],
)
def test_tokens_are_aligned_in_order(before, after, expected):
    assert align_tokens(tokens(before.split()), tokens(after.split())) == expected


def test_aligned_maps_can_be_compared_and_lack_unaligned_tokens():
    before, after = plain(words=("the", "cat", "sat")), plain(words=("the", "old", "cat", "sat"))
    one, other = keep_shared_tokens(before, after)
    assert one.weights.tolist() == before.weights.tolist()
    assert other.weights.tolist() == after.weights[:, :, [0, 2, 3]][..., [0, 2, 3]].tolist()
    assert [t.piece for t in other.keys] == ["the", "cat", "sat"]
    assert (one.row_sum, other.row_sum) == ("1", "at most 1")
    assert one.meta["dropped"] == [0, 0] and other.meta["dropped"] == [1, 1]
    assert (other.row_sums < 1).all() and (row_divergence(one, other) > 0).all()


def test_aligned_maps_have_their_masks_and_vectors():
    amap = causal()
    vectors = np.arange(2 * 3 * 7 * 2.0).reshape(2, 3, 7, 2)
    amap = AttentionMap(
        amap.queries, amap.keys, amap.weights, amap.visible,
        query_vectors=vectors, key_vectors=vectors,
    )  # fmt: skip
    short, _ = keep_shared_tokens(amap, plain(words=("cat", "sleep")))
    assert short.masked[0, 0].tolist() == [[False, True], [False, False]]
    assert short.query_vectors.tolist() == short.key_vectors.tolist()
    assert short.query_vectors.tolist() == vectors[:, :, [5, 6]].tolist()


def test_texts_without_a_common_token_are_refused():
    with pytest.raises(MisuseError, match="share no tokens"):
        keep_shared_tokens(plain(), plain(words=("other",)))


def test_frequent_tokens_of_long_texts_are_aligned_too():
    text = tokens(["the", "cat"] * 150)
    assert align_tokens(text, (*tokens(["a"]), *text)) == [(i, i + 1) for i in range(300)]
