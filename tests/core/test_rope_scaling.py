"""RoPE scaling: which frequencies are kept, which are lowered, and by how much."""

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
    rope_frequencies,
)
from attnviz.core.registry import find_part
from attnviz.core.seeded_random import draw_uniform
from attnviz.errors import MisuseError

VECTORS = draw_uniform((2, 9, 8), 0, "vectors")
POSITIONS = np.arange(9)


def rotate(part, positions=POSITIONS):
    return part.rotate(VECTORS, positions, "query")


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_is_found_by_its_name_and_keeps_the_first_token(part):
    assert find_part("position", part.name) is part
    rope = part()
    assert np.allclose(rotate(rope)[:, 0], rope.attention_scaling * VECTORS[:, 0], atol=1e-15)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
@pytest.mark.parametrize("pairs", ["halves", "interleaved"])
def test_scores_depend_on_the_distance_only(part, pairs):
    rope = part(pairs=pairs)
    q, k = rotate(rope, np.full(9, 3)), rotate(rope, np.full(9, 1))
    far_q, far_k = rotate(rope, np.full(9, 8)), rotate(rope, np.full(9, 6))
    assert np.allclose(q @ k.swapaxes(-1, -2), far_q @ far_k.swapaxes(-1, -2), atol=1e-12)


@pytest.mark.parametrize("part", PARTS, ids=lambda part: part.name)
def test_dimensions_beyond_rotary_dim_stay(part):
    assert np.array_equal(rotate(part(rotary_dim=4))[..., 4:], VECTORS[..., 4:])
    assert not np.array_equal(rotate(part(rotary_dim=4))[..., :4], VECTORS[..., :4])


def test_linear_is_plain_rope_of_divided_positions():
    assert np.allclose(rotate(LinearRope(factor=2.0), POSITIONS * 2), rotate(Rope()), atol=1e-15)


def test_dynamic_is_plain_until_the_text_is_longer():
    assert np.array_equal(rotate(DynamicRope(original_max_positions=9)), rotate(Rope()))
    base = 10000 * (2 * 9 / 6 - 1) ** (8 / 6)
    assert np.allclose(
        rotate(DynamicRope(original_max_positions=6)), rotate(Rope(base=base)), atol=1e-13
    )


def test_llama3_keeps_short_wavelengths_and_scales_long_ones():
    part = Llama3Rope(factor=8.0, original_max_positions=64)
    frequency, plain = part.frequencies(64, 1), rope_frequencies(10000.0, 64)
    turns = 64 * plain / (2 * math.pi)
    assert np.array_equal(frequency[turns > 4], plain[turns > 4])
    assert np.allclose(frequency[turns < 1], plain[turns < 1] / 8, rtol=1e-15)
    between = (turns > 1) & (turns < 4)
    assert between.any()
    assert (frequency[between] < plain[between]).all()
    assert (frequency[between] > plain[between] / 8).all()


def test_yarn_scales_vectors_and_low_frequencies():
    part = Yarn(factor=4.0, original_max_positions=64)
    frequency, plain = part.frequencies(64, 1), rope_frequencies(10000.0, 64)
    assert frequency[0] == plain[0]
    assert math.isclose(frequency[-1], plain[-1] / 4)
    assert part.attention_scaling == 0.1 * math.log(4.0) + 1
    assert Yarn(attention_factor=1.5).attention_scaling == 1.5
    assert not np.allclose(
        Yarn(truncate=False, original_max_positions=64).frequencies(64, 1), frequency
    )


def test_longrope_uses_the_factors_of_the_sequence_length():
    part = LongRope(
        short_factor=(1.0, 2.0, 3.0, 4.0),
        long_factor=(5.0, 6.0, 7.0, 8.0),
        original_max_positions=9,
    )
    plain = rope_frequencies(10000.0, 8)
    assert np.allclose(part.frequencies(8, 9), plain / [1, 2, 3, 4], rtol=1e-15)
    assert np.allclose(part.frequencies(8, 10), plain / [5, 6, 7, 8], rtol=1e-15)
    assert LongRope(factor=4.0, original_max_positions=16).attention_scaling == math.sqrt(1.5)
    assert LongRope(attention_factor=1.25).attention_scaling == 1.25
    with pytest.raises(MisuseError, match="4 factors for 2 pairs"):
        part.frequencies(4, 1)
    assert str(part) == "rope-long(10000, factor=1, original_max_positions=9)"


def test_angles_are_computed_in_float64():
    """A float32 angle is off by 4e-3 at position 100,000."""
    place = np.full(9, 100_000)
    got = LinearRope(factor=3.0).rotate(VECTORS.astype(np.float32), place, "query")
    expected = LinearRope(factor=3.0).rotate(VECTORS, place, "query")
    assert got.dtype == np.float32
    assert np.abs(got - expected).max() < 1e-6


def test_the_ramp_of_yarn_is_rounded_outwards():
    """From pair 8.06 with 32 rotations in 2,048 tokens, to pair 20.1 with one."""
    plain = rope_frequencies(10000.0, 64)
    ramp = np.clip((np.arange(32) - 8) / (21 - 8), 0, 1)
    frequencies = Yarn(factor=4.0).frequencies(64, 10)
    np.testing.assert_allclose(frequencies, plain * (1 - ramp + ramp / 4), rtol=1e-12)
    exact = np.clip((np.arange(32) - 8.064000845) / (20.105200672 - 8.064000845), 0, 1)
    frequencies = Yarn(factor=4.0, truncate=False).frequencies(64, 10)
    np.testing.assert_allclose(frequencies, plain * (1 - exact + exact / 4), rtol=1e-8)


@pytest.mark.parametrize(
    ("beta_fast", "beta_slow", "first", "last"),
    [
        (512.0, 1.0, 0, 7),  # from pair -0.78 to 10.05; 0 to the last dimension as published
        (32.0, 1.0, 4, 7),  # no pair is on the ramp, which begins behind the last pair
        (64.0, 64.0, 2, 3),  # from 2.83 rounded outwards
        (512.0, 400.0, 0, 0.001),  # from -0.78 to -0.36: a ramp without a width
    ],
)
def test_the_ramp_of_yarn_is_cut_off_at_the_dimensions(beta_fast, beta_slow, first, last):
    yarn = Yarn(base=10.0, beta_fast=beta_fast, beta_slow=beta_slow)
    ramp = np.clip((np.arange(4) - first) / (last - first), 0, 1)
    plain = rope_frequencies(10.0, 8)
    np.testing.assert_allclose(yarn.frequencies(8, 10), plain * (1 - ramp + ramp / 4), rtol=1e-12)


def test_scaled_rope_rotates_interleaved_pairs_too():
    vectors, positions = draw_uniform((2, 5, 8), "vectors"), np.arange(5)
    for pairs in ("halves", "interleaved"):
        expected = Rope(pairs=pairs).rotate(vectors, positions, "query")
        scaled = LinearRope(factor=1.0, pairs=pairs).rotate(vectors, positions, "query")
        np.testing.assert_allclose(scaled, expected, atol=1e-15)
