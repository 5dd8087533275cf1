"""Rotations slowed down: what stays, what turns slower, and by how much."""

import math

import numpy as np
import pytest

from attnviz.core.positions import Rope
from attnviz.core.positions.rope_scaling import (
    PARTS,
    DynamicRope,
    LinearRope,
    Llama3Rope,
    LongRope,
    Yarn,
    plain_paces,
)
from attnviz.core.registry import find_part
from attnviz.core.seeded_random import draw
from attnviz.errors import MisuseError

VECTORS = draw((2, 9, 8), 0, "vectors")
PLACES = np.arange(9)


def turned(part, places=PLACES):
    return part.turn(VECTORS, places, "query")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_is_found_by_its_name_and_keeps_the_first_token(part):
    assert find_part("position", part.name) is part
    made = part()
    assert np.allclose(turned(made)[:, 0], made.growth * VECTORS[:, 0], atol=1e-15)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
@pytest.mark.parametrize("pairs", ["halves", "interleaved"])
def test_scores_know_only_the_distance(part, pairs):
    made = part(pairs=pairs)
    q, k = turned(made, np.full(9, 3)), turned(made, np.full(9, 1))
    far_q, far_k = turned(made, np.full(9, 8)), turned(made, np.full(9, 6))
    assert np.allclose(q @ k.swapaxes(-1, -2), far_q @ far_k.swapaxes(-1, -2), atol=1e-12)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_a_part_of_the_head_may_stay(part):
    assert np.array_equal(turned(part(width=4))[..., 4:], VECTORS[..., 4:])
    assert not np.array_equal(turned(part(width=4))[..., :4], VECTORS[..., :4])


def test_linear_is_a_plain_rotation_of_divided_positions():
    assert np.allclose(turned(LinearRope(stretch=2.0), PLACES * 2), turned(Rope()), atol=1e-15)


def test_dynamic_is_plain_until_the_text_is_longer():
    assert np.array_equal(turned(DynamicRope(trained=9)), turned(Rope()))
    base = 10000 * (2 * 9 / 6 - 1) ** (8 / 6)
    assert np.allclose(turned(DynamicRope(trained=6)), turned(Rope(base=base)), atol=1e-13)


def test_llama3_keeps_short_waves_and_stretches_long_ones():
    part = Llama3Rope(stretch=8.0, trained=64)
    pace, plain = part.paces(64, 1), plain_paces(10000.0, 64)
    turns = 64 * plain / (2 * math.pi)
    assert np.array_equal(pace[turns > 4], plain[turns > 4])
    assert np.allclose(pace[turns < 1], plain[turns < 1] / 8, rtol=1e-15)
    between = (turns > 1) & (turns < 4)
    assert between.any()
    assert (pace[between] < plain[between]).all()
    assert (pace[between] > plain[between] / 8).all()


def test_yarn_grows_vectors_and_stretches_the_slow_pairs():
    part = Yarn(stretch=4.0, trained=64)
    pace, plain = part.paces(64, 1), plain_paces(10000.0, 64)
    assert pace[0] == plain[0]
    assert math.isclose(pace[-1], plain[-1] / 4)
    assert part.growth == 0.1 * math.log(4.0) + 1
    assert Yarn(grow=1.5).growth == 1.5
    assert not np.allclose(Yarn(whole=False, trained=64).paces(64, 1), pace)


def test_long_takes_the_stretches_of_the_length():
    part = LongRope(short=(1.0, 2.0, 3.0, 4.0), long=(5.0, 6.0, 7.0, 8.0), trained=9)
    plain = plain_paces(10000.0, 8)
    assert np.allclose(part.paces(8, 9), plain / [1, 2, 3, 4], rtol=1e-15)
    assert np.allclose(part.paces(8, 10), plain / [5, 6, 7, 8], rtol=1e-15)
    assert LongRope(stretch=4.0, trained=16).growth == math.sqrt(1.5)
    assert LongRope(grow=1.25).growth == 1.25
    with pytest.raises(MisuseError, match="4 stretches for 2 pairs"):
        part.paces(4, 1)
    assert str(part) == "rope-long(10000, stretch=1, trained=9)"


def test_angles_are_reckoned_in_float64():
    """A float32 angle is off by 4e-3 at position 100,000."""
    place = np.full(9, 100_000)
    got = LinearRope(stretch=3.0).turn(VECTORS.astype(np.float32), place, "query")
    wanted = LinearRope(stretch=3.0).turn(VECTORS, place, "query")
    assert got.dtype == np.float32
    assert np.abs(got - wanted).max() < 1e-6
