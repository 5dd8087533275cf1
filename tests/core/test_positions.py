"""RoPE and its relatives against complex multiplication, pair by pair."""

import cmath
import math

import numpy as np
import pytest
from numpy.testing import assert_allclose

from attnviz.core.biases.t5_buckets import t5_bucket
from attnviz.core.positions import Rope, sinusoids
from attnviz.core.positions.rope_scaling import DynamicRope, LinearRope, Llama3Rope, Yarn
from attnviz.core.positions.xpos import Xpos
from attnviz.core.registry import parts_for
from attnviz.core.seeded_random import draw_uniform

D = 6
QUERY, KEY = draw_uniform((1, 9, D), "q"), draw_uniform((1, 9, D), "k")
AT = np.arange(9)


def scores(position, shift=0):
    query = position.rotate(QUERY, AT + shift, "query")
    return query @ position.rotate(KEY, AT + shift, "key").swapaxes(1, 2)


def by_complex_numbers(pair, size):
    """Re Σ q_t conj(k_t) e^(i (a - b) θ_t), a pair as one number; `size` is its decay."""
    result = np.zeros((1, 9, 9))
    for i in range(9):
        for j in range(9):
            for t in range(D // 2):
                a, b = pair(t)
                q = complex(QUERY[0, i, a], QUERY[0, i, b])
                k = complex(KEY[0, j, a], KEY[0, j, b])
                turn = cmath.exp(1j * (i - j) * 10000 ** (-2 * t / D))
                result[0, i, j] += (q * k.conjugate() * turn).real * size(t, i - j)
    return result


def halves(t):
    return t, t + D // 2


def neighbours(t):
    return 2 * t, 2 * t + 1


def constant_size(t, step):
    return 1.0


def fading(t, step):
    return ((2 * t / D + 0.4) / 1.4) ** (step / 512)


@pytest.mark.parametrize(
    ("position", "pair", "size"),
    [
        (Rope(), halves, constant_size),
        (Rope(pairs="interleaved"), neighbours, constant_size),
        (Xpos(), neighbours, fading),
    ],
    ids=lambda value: getattr(value, "__name__", str(value)),
)
def test_rotation_is_complex_multiplication(position, pair, size):
    assert_allclose(scores(position), by_complex_numbers(pair, size), atol=1e-12)


def test_the_two_layouts_are_one_after_reordering_and_only_then():
    order = [0, 2, 4, 1, 3, 5]
    rotated = Rope().rotate(QUERY[..., order], AT, "query")
    interleaved = Rope(pairs="interleaved").rotate(QUERY, AT, "query")
    assert_allclose(rotated, interleaved[..., order], atol=1e-15)
    assert np.abs(scores(Rope()) - scores(Rope(pairs="interleaved")))[0, 3:].max() > 0.1


@pytest.mark.parametrize("position", [Rope(), Rope(rotary_dim=4), Xpos()], ids=str)
def test_only_the_distance_counts(position):
    assert_allclose(scores(position, shift=100), scores(position), atol=1e-11)


def test_dimensions_beyond_rotary_dim_stay():
    rotated = Rope(rotary_dim=4).rotate(QUERY, AT, "query")
    assert (rotated[..., 4:] == QUERY[..., 4:]).all()
    assert (rotated[:, 1:, :4] != QUERY[:, 1:, :4]).all()


@pytest.mark.parametrize("part", list(parts_for("position")), ids=lambda p: p.name)
def test_position_0_is_not_rotated(part):
    first = part().rotate(QUERY[:, :1], AT[:1], "query")
    scaling = getattr(part(), "attention_scaling", 1.0)  # YaRN and LongRoPE scale every vector
    assert_allclose(first, scaling * QUERY[:, :1], atol=1e-15)


@pytest.mark.parametrize("part", [LinearRope, DynamicRope, Llama3Rope, Yarn])
def test_scaling_by_a_factor_of_1_is_plain_rope(part):
    assert_allclose(scores(part(factor=1.0)), scores(Rope()), atol=1e-12)
    assert not np.allclose(scores(part(factor=2.0, **shorter(part))), scores(Rope()))


def shorter(part):
    return {} if part is LinearRope else {"original_max_positions": 4}


def test_linear_scaling_divides_positions():
    interpolated = LinearRope(factor=4.0).rotate(QUERY, AT, "query")
    assert_allclose(interpolated, Rope().rotate(QUERY, AT / 4, "query"), atol=1e-15)


def test_llama3_scales_long_wavelengths_only():
    """d = 64, per wavelength: plain below L/high_freq_factor, 8 times longer above L/low."""
    frequencies = Llama3Rope().frequencies(64, 9)
    for t, frequency in enumerate(frequencies):
        plain = 10000 ** (-2 * t / 64)
        wave = 2 * math.pi / plain
        mixed = (8192 / wave - 1) / (4 - 1)
        if wave < 8192 / 4:
            assert_allclose(frequency, plain)
        elif wave > 8192:
            assert_allclose(frequency, plain / 8)
        else:
            assert_allclose(frequency, (1 - mixed) * plain / 8 + mixed * plain)


def test_t5_puts_distances_into_the_papers_buckets():
    steps = np.array([-200, -128, -20, -8, -1, 0, 1, 8, 20, 128, 200])
    both = [15, 15, 10, 8, 1, 0, 17, 24, 26, 31, 31]
    assert t5_bucket(steps, 32, 128, both=True).tolist() == both
    steps = np.array([-200, -128, -64, -20, -16, -15, -1, 0, 3])
    past = [31, 31, 26, 17, 16, 15, 1, 0, 0]
    assert t5_bucket(steps, 32, 128, both=False).tolist() == past


def test_sinusoids_are_the_papers():
    for i, waves in enumerate(sinusoids(AT, D)):
        for t in range(D // 2):
            assert_allclose(waves[2 * t], math.sin(i / 10000 ** (2 * t / D)), atol=1e-15)
            assert_allclose(waves[2 * t + 1], math.cos(i / 10000 ** (2 * t / D)), atol=1e-15)
