"""Monotonic attention, Sinkhorn, matrix-tree, Fourier and random features: their properties."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.core.engine.attend import attend
from attnviz.core.engine.attention import compute_weights
from attnviz.core.masks import Causal
from attnviz.core.normalizers.monotonic import expected_stops
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.variants import find_variant
from attnviz.errors import MisuseError
from tests.core.layers import make_layer

QUERY, KEY = draw_uniform((2, 5, 6), "path", "query"), draw_uniform((2, 7, 6), "path", "key")


def test_the_recursion_is_the_parallel_form():
    """α_i = p_i · cumprod(1−p_i) · cumsum(α_{i−1} / cumprod(1−p_i)), cumprod exclusive."""
    stops = 0.5 + 0.4 * draw_uniform((2, 5, 7), "stops") / np.sqrt(3)
    result, last = expected_stops(stops), np.eye(7)[:1].repeat(2, 0)
    for i in range(5):
        p = stops[:, i]
        passed = np.cumprod(np.concatenate([np.ones((2, 1)), 1 - p[:, :-1]], 1), axis=1)
        last = p * passed * np.cumsum(last / passed, axis=1)
        np.testing.assert_allclose(result[:, i], last, rtol=1e-12)


def test_certain_stops_stay_and_certain_passes_leave_no_weight():
    assert expected_stops(np.ones((1, 3, 4)))[0].tolist() == [[1, 0, 0, 0]] * 3
    assert not expected_stops(np.zeros((1, 3, 4))).any()


@pytest.mark.parametrize("name", ["monotonic", "stepwise"])
def test_a_monotonic_row_never_moves_back(name):
    """The cumulative weight up to any position does not grow from row to row."""
    variant, inputs = make_layer(find_variant(name), n_query=5, n_key=31)
    up_to_there = np.cumsum(compute_weights(variant, inputs).weights, axis=-1)
    assert (np.diff(up_to_there, axis=1) <= 1e-12).all()


def test_chunks_of_one_key_equal_the_stops():
    stops = attend(QUERY, KEY, variant="monotonic").weights
    np.testing.assert_allclose(attend(QUERY, KEY, variant="mocha", chunk=1).weights, stops)


def test_chunks_as_long_as_the_text_cover_all_earlier_keys():
    every = attend(QUERY, KEY, variant="mocha", chunk=7).weights
    np.testing.assert_allclose(every, attend(QUERY, KEY, variant="milk").weights, atol=1e-15)


def test_chunkwise_attention_loses_no_more_weight_than_the_stops():
    stops, back = (attend(QUERY, KEY, variant=name).weights for name in ("monotonic", "milk"))
    np.testing.assert_allclose(back.sum(-1), stops.sum(-1), atol=1e-12)


def test_sinkhorn_makes_rows_and_columns_sum_to_one():
    result = attend(QUERY, QUERY, variant="sinkhorn", rounds=200).weights
    np.testing.assert_allclose(result.sum(-1), 1, atol=1e-12)
    np.testing.assert_allclose(result.sum(-2), 1, atol=1e-9)


def test_sinkhorn_without_iterations_is_softmax():
    result = attend(QUERY, KEY, variant="sinkhorn", rounds=0).weights
    np.testing.assert_allclose(result, attend(QUERY, KEY).weights, atol=1e-15)


def test_huge_scores_keep_row_sums():
    for name in ("sinkhorn", "inverted", "ntm", "performer", "based"):
        weights = attend(1e4 * QUERY, QUERY, variant=name).weights
        assert np.isfinite(weights).all() and weights.max() <= 1 + 1e-12, name


def test_the_weight_missing_from_a_tree_row_is_its_root_probability():
    weights = attend(QUERY, QUERY, variant="matrix-tree").weights
    assert (np.diagonal(weights, axis1=1, axis2=2) == 0).all()
    np.testing.assert_allclose((1 - weights.sum(-1)).sum(-1), 1, atol=1e-12)


def test_under_a_causal_mask_the_first_token_is_the_root():
    weights = attend(QUERY, QUERY, variant="matrix-tree", mask=Causal()).weights
    sums = weights.sum(-1)
    np.testing.assert_allclose(sums, [[0, 1, 1, 1, 1]] * 2, atol=1e-12)
    assert (np.triu(weights) == 0).all()


def test_a_mask_without_any_tree_is_an_error():
    with pytest.raises(MisuseError, match="no tree has weight"):
        attend(QUERY, QUERY, variant="matrix-tree", mask=np.eye(5, dtype=bool))


def test_trees_beyond_double_precision_are_an_error():
    result = attend(30 * QUERY, QUERY, variant="matrix-tree").weights
    assert result.max() <= 1 + 1e-9 and (result.sum(-1) <= 1 + 1e-9).all()
    with pytest.raises(MisuseError, match="scores are too far apart"):
        attend(1e4 * QUERY, QUERY, variant="matrix-tree")


def test_fourier_equals_the_transform():
    value = draw_uniform((5, 6), "value")
    cosines, sines = attend(QUERY, QUERY, variant="fourier").weights
    over_features = np.fft.fft(value)
    result = cosines @ over_features.real + sines @ over_features.imag
    np.testing.assert_allclose(result, np.fft.fft2(value).real, atol=1e-12)


def test_the_estimate_of_softmax_gets_better_with_more_features():
    near = QUERY / 2
    exact = attend(near, KEY).weights
    wrong = [
        np.abs(attend(near, KEY, variant="performer", features=n).weights - exact).max()
        for n in (64, 512, 4096)
    ]
    assert wrong[0] > wrong[1] > wrong[2] and wrong[2] < 0.04
