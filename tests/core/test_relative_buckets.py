"""T5 relative position bias against the published buckets, and by hand."""

import math

import numpy as np
import pytest

from attnviz.core.biases.t5_buckets import T5Buckets, t5_bucket
from attnviz.core.engine.attend import attend
from attnviz.core.grid import BlockIndex, Grid
from attnviz.core.inputs import Inputs
from attnviz.core.variants import find_variant
from attnviz.errors import MisuseError
from tests.sources.reference import MODELS

FAR = [-200, -128, -20, -8, -1, 0, 1, 8, 20, 128, 200]
PAST = [-200, -128, -64, -20, -16, -15, -1, 0, 3]


def test_both_sides_by_the_paper():
    got = t5_bucket(np.array(FAR), 32, 128, both=True)
    assert got.tolist() == [15, 15, 10, 8, 1, 0, 17, 24, 26, 31, 31]


def test_the_past_by_the_paper():
    got = t5_bucket(np.array(PAST), 32, 128, both=False)
    assert got.tolist() == [31, 31, 26, 17, 16, 15, 1, 0, 0]


@pytest.mark.parametrize("sides", ["both", "past"])
def test_all_distances_as_published(sides):
    with np.load(MODELS / "buckets.npz") as file:
        got = t5_bucket(file["distance"], 32, 128, both=sides == "both")
        assert got.tolist() == file[sides].tolist()


def bucket_by_the_formula(distance, n_bucket, max_distance):
    """The bucket of an earlier key: exact up to half of the buckets, then logarithmic."""
    exact = n_bucket // 2
    if distance < exact:
        return distance
    if distance >= max_distance:
        return n_bucket - 1
    share = math.log(distance / exact) / math.log(max_distance / exact)
    return exact + int(share * (n_bucket - exact))


@pytest.mark.parametrize("max_distance", [9, 12, 15, 17, 40])
@pytest.mark.parametrize("n_bucket", [4, 7, 16])
def test_buckets_of_any_number_and_reach(n_bucket, max_distance):
    """As many as 1.1 and 20 times the distances that have a bucket of their own."""
    expected = [bucket_by_the_formula(n, n_bucket, max_distance) for n in range(60)]
    got = t5_bucket(-np.arange(60), n_bucket, max_distance, both=False)
    assert got.tolist() == expected
    both = t5_bucket(np.arange(-59, 60), 2 * n_bucket, max_distance, both=True)
    assert both.tolist() == expected[:0:-1] + [0] + [n_bucket + n for n in expected[1:]]


def test_each_head_adds_its_own_bias():
    table = np.array([[0.0, 1, 2, 3, 4, 5, 6, 7], [0.0, 10, 20, 30, 40, 50, 60, 70]])
    logits = np.zeros((2, 3, 3))
    zeros = np.zeros((2, 3, 1))
    inputs = Inputs(query=zeros, key=zeros, grid=Grid.of(2, 3, 3), params={"bucket_bias": table})
    got = T5Buckets(buckets=8, max_distance=12)(logits, inputs)
    assert got[0].tolist() == [[0, 5, 6], [1, 0, 5], [2, 1, 0]]
    assert got[1].tolist() == (10 * got[0]).tolist()


def test_rows_of_a_block_and_fewer_queries_count_from_the_end():
    part = T5Buckets(buckets=8, max_distance=12)
    table = np.arange(8.0)[None]
    zeros = np.zeros((1, 5, 1))
    whole = Inputs(query=zeros, key=zeros, grid=Grid.of(1, 5, 5), params={"bucket_bias": table})
    last = Inputs(
        query=zeros[:, :2], key=zeros, grid=Grid.of(1, 2, 5), params={"bucket_bias": table}
    )
    all_rows = part(np.zeros((1, 5, 5)), whole)
    assert (
        part(np.zeros((1, 2, 5)), whole.select_block(BlockIndex(queries=slice(1, 3))))
        == all_rows[:, 1:3]
    ).all()
    assert (part(np.zeros((1, 2, 5)), last) == all_rows[:, 3:]).all()


def test_it_is_found_by_name_and_draws_missing_parameters():
    from attnviz.core.registry import find_part

    part = find_part("bias", "buckets")()
    row = find_variant("scaled-dot")
    from dataclasses import replace

    changed = replace(row, bias=(part,))
    x = np.ones((2, 4, 3))
    plain = attend(x, x).weights
    assert np.abs(attend(x, x, variant=changed).weights - plain).max() > 0.01


@pytest.mark.parametrize("wrong", [{"buckets": 2}, {"max_distance": 1}, {"sides": "left"}])
def test_invalid_tunables_are_refused(wrong):
    with pytest.raises(MisuseError, match="should be"):
        T5Buckets(**wrong)
