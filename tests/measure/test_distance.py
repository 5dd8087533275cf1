"""Attention distance."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.measures.distance import mean_distance, offsets
from tests.measure.maps import SHARED_OUT, UNSHARED, only_at, plain, tokens


def by_loop(amap, worth):
    """Σ |A| worth(q, k) / Σ |A| of each head."""
    distances = np.zeros(amap.weights.shape[:2])
    for at in np.ndindex(*distances.shape):
        total = mass = 0.0
        for q, row in enumerate(amap.weights[at]):
            for k, weight in enumerate(row):
                total += abs(weight) * worth(q, k)
                mass += abs(weight)
        distances[at] = total / mass
    return distances


@pytest.mark.parametrize("make", SHARED_OUT + UNSHARED)
def test_distance_equals_the_loop(make):
    amap = make()
    assert mean_distance(amap) == pytest.approx(by_loop(amap, lambda q, k: abs(q - k)))
    assert offsets(amap).tolist() == [[k - q for k in range(7)] for q in range(7)]


def test_a_head_that_attends_to_itself_has_distance_0():
    assert mean_distance(only_at(lambda i: i)).tolist() == [[0.0]]


def test_fewer_queries_are_the_last_positions():
    words = tokens("abcde")
    weights = np.zeros((1, 1, 2, 5))
    weights[0, 0, 0, 2] = weights[0, 0, 1, 3] = 1.0  # d looks at c, e looks at d
    amap = AttentionMap(words[3:], words, weights)
    assert offsets(amap).tolist() == [[-3, -2, -1, 0, 1], [-4, -3, -2, -1, 0]]
    assert mean_distance(amap).tolist() == [[1.0]]


def test_two_texts_have_no_distance():
    amap = plain(words=("the", "cat"), keys=("le", "chat"))
    assert offsets(amap) is None
    with pytest.raises(MisuseError, match="one text"):
        mean_distance(amap)


def test_a_head_without_weight_has_distance_0():
    words = tokens("ab")
    amap = AttentionMap(words, words, np.zeros((1, 1, 2, 2)))
    assert mean_distance(amap).tolist() == [[0.0]]
