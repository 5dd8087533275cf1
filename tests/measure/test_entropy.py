"""Entropy, and the remainder of rows."""

from __future__ import annotations

from dataclasses import replace
from math import log2

import numpy as np
import pytest
from numpy.testing import assert_allclose

from attnviz.api.compare import compare
from attnviz.errors import AttnvizWarning, MisuseError
from attnviz.measures.entropy import entropy, head_entropy, max_entropy
from attnviz.measures.head_summary import summarize_head
from attnviz.measures.row_mass import (
    distribution_heads,
    has_distribution_rows,
    row_remainders,
    row_sum_tolerance,
)
from tests.measure.maps import (
    SHARED_OUT,
    UNSHARED,
    causal,
    leaky,
    only_at,
    plain,
    shares,
    with_nothing,
)


def by_loop(amap):
    """Bits of each row, outcome by outcome."""
    entropies = np.zeros(amap.weights.shape[:3])
    for at in np.ndindex(*entropies.shape):
        entropies[at] = -sum(p * log2(p) for p in with_nothing(amap.weights[at]) if p)
    return entropies


@pytest.mark.parametrize("make", SHARED_OUT)
def test_entropy_equals_the_loop(make):
    amap = make()
    assert_allclose(entropy(amap), by_loop(amap), atol=1e-12)


@pytest.mark.parametrize("make", SHARED_OUT)
def test_the_mean_of_a_head_leaves_out_fully_masked_rows(make):
    amap, rows = make(), entropy(make())
    for at in np.ndindex(*rows.shape[:2]):
        values = [h for h, s in zip(rows[at], amap.row_sums[at], strict=True) if s]
        assert head_entropy(amap)[at] == pytest.approx(sum(values) / len(values))


@pytest.mark.parametrize("make", SHARED_OUT)
def test_no_row_exceeds_its_maximum(make):
    amap = make()
    assert (entropy(amap) <= max_entropy(amap) + 1e-12).all()
    assert (entropy(amap) >= 0).all() and not np.signbit(entropy(amap)).any()


def test_the_maximum_is_the_entropy_of_uniform_weights():
    amap = plain()
    even = type(amap)(amap.queries, amap.keys, np.full(amap.weights.shape, 1 / 7))
    assert_allclose(entropy(even), max_entropy(even))
    assert_allclose(2.0 ** entropy(even), 7.0)


def test_the_maximum_depends_on_visible_keys():
    assert_allclose(max_entropy(causal())[0, 0], [log2(n) for n in range(1, 8)])
    expected = [log2(8)] * 2 + [0.0] + [log2(8)] * 4  # seven keys and nothing
    assert_allclose(max_entropy(leaky())[0, 0], expected)


def test_a_row_with_all_weight_on_one_key_has_no_entropy():
    amap = only_at(lambda i: i)
    assert (entropy(amap) == 0).all()


def test_a_fully_masked_row_has_no_entropy():
    amap = leaky()
    assert (entropy(amap)[:, :, 2] == 0).all()
    assert (entropy(amap)[:, :, 3] > 0).all()


def test_the_remainder_is_1_minus_the_row_sum_without_rounding_errors():
    assert_allclose(
        row_remainders(leaky())[0, 0], [0.7, 0.7 * 5 / 6, 1.0, 0.35, 0.7 / 3, 0.7 / 6, 0.0]
    )
    assert (row_remainders(plain()) == 0).all()


@pytest.mark.parametrize("make", UNSHARED)
def test_rows_that_are_no_distributions_have_no_entropy(make):
    assert not has_distribution_rows(make())
    with pytest.raises(MisuseError, match="entropy needs non-negative rows"):
        entropy(make())


@pytest.mark.parametrize(
    ("dtype", "allowed"), [("float16", 2**-10), ("float32", 1e-5), ("float64", 1e-9)]
)
def test_the_tolerance_follows_from_the_precision_of_the_weights(dtype, allowed):
    rounded = shares(3, 50).astype(dtype)
    assert row_sum_tolerance(rounded) == row_sum_tolerance(rounded.astype(np.float64)) == allowed
    assert np.abs(rounded.sum(-1, dtype=np.float64) - 1).max() < allowed


def test_bfloat16_is_recognized_by_its_values():
    whole = shares(3, 50).astype(np.float32)
    short = (whole.view(np.uint32) & 0xFFFF0000).view(np.float32)
    assert row_sum_tolerance(short) == 2**-7 and row_sum_tolerance(whole) == 1e-5


def test_rows_of_common_tokens_have_the_remainder_as_an_outcome():
    """In a comparison the rows of one map sum to 1, those of the other to less."""
    with pytest.warns(AttnvizWarning, match="common tokens"):
        amap = compare("The cat sat", variants=["scaled-dot"], other_text="The big cat sat")
    weights_only = amap.select(heads=[0, 1])
    assert (entropy(weights_only) <= max_entropy(weights_only) + 1e-12).all()
    assert_allclose(max_entropy(weights_only)[0, :, 0], [log2(3), log2(4)])


def test_the_precision_of_a_head_does_not_depend_on_other_heads():
    exact = plain(n_layer=1, n_head=1).weights
    rounded = exact.astype(np.float32).astype(np.float64)
    signed_head = rounded - exact[..., ::-1]
    amap = plain(n_layer=1, n_head=2)
    both = replace(amap, weights=np.concatenate([rounded, signed_head], 1))
    assert distribution_heads(both).tolist() == [[True, False]]
    alone = both.select(heads=[0])
    assert has_distribution_rows(alone)
    assert summarize_head(both, 0, 0) == summarize_head(alone, 0, 0)
