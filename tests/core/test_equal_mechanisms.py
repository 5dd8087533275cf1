"""Mechanisms that coincide for certain tunables or parameters, and published values."""

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from attnviz.core.biases import GivenBias, alibi_slopes
from attnviz.core.compose.compose import compose
from attnviz.core.engine.attend import attend
from attnviz.core.engine.attention import compute_weights
from attnviz.core.grid import Grid
from attnviz.core.masks.image import SwinWindow
from attnviz.core.normalizers.fusedmax import prox_total_variation
from attnviz.core.normalizers.signed import Softpick
from attnviz.core.normalizers.sparsemax_entmax import Entmax, Normmax, Sparsemax
from attnviz.core.numerics import softmax
from attnviz.core.scales import Factor
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.variants import find_variant
from tests.core.layers import make_layer

SAME = [
    ("entmax15", {"alpha": 2}, "sparsemax", {}),
    ("entmax15", {"alpha": 1}, "scaled-dot", {}),
    ("sparsegen", {"sparsity": 0}, "sparsemax", {}),
    ("fusedmax", {"fusion": 0}, "sparsemax", {}),
    ("budget", {"budget": 1}, "sparsemax", {}),
    ("constrained-sparsemax", {"fertility": 100}, "sparsemax", {}),
    ("constrained-softmax", {"fertility": 100}, "scaled-dot", {}),
    ("softmax-one", {"rest": -800}, "scaled-dot", {}),
    ("top-k", {"top": 7}, "scaled-dot", {}),
    ("top-k", {"top": 1}, "hard", {}),
    ("indexed", {"top": 7}, "nope", {}),
    ("moba", {"top": 4}, "nope", {}),
    ("routing", {"clusters": 1}, "nope", {}),
    ("adaptive-span", {"longest": 1000, "ramp": 1}, "nope", {}),
    ("growing-temperature", {}, "nope", {}),
    ("temperature", {"temperature": 1}, "scaled-dot", {}),
    ("softcap", {"cap": 1e9}, "scaled-dot", {}),
    ("gaussian-kernel", {"bandwidth": math.sqrt(math.sqrt(6) / 2)}, "distance", {}),
    ("hopfield", {"steps": 1}, "dot", {}),
    ("sliding-window", {"window": 7}, "nope", {}),
    ("sliding-window", {"window": 7}, "streaming", {"window": 7}),
    ("chunked", {"block": 7}, "nope", {}),
    ("block-causal", {"block": 1}, "nope", {}),
    ("prefix-lm", {"prefix": 0}, "nope", {}),
    ("prefix-lm", {"prefix": 7}, "scaled-dot", {}),
    ("tree", {"branches": 1}, "nope", {}),
    ("dilated-window", {"dilation": 1, "window": 7}, "scaled-dot", {}),
    ("neighborhood", {"neighbors": 7}, "scaled-dot", {}),
    ("swin", {"side": 4}, "scaled-dot", {}),
    ("axial-row", {"columns": 7}, "scaled-dot", {}),
    ("longformer", {"globals": 7}, "scaled-dot", {}),
    ("bigbird", {"random": 7}, "scaled-dot", {}),
]


def weights(name, numbers, **changed):
    variant, inputs = make_layer(find_variant(name).with_tunables(**numbers), n_query=7, **changed)
    return compute_weights(variant, inputs).weights


@pytest.mark.parametrize(("one", "its", "other", "theirs"), SAME)
def test_two_mechanisms_coincide(one, its, other, theirs):
    assert_allclose(weights(one, its), weights(other, theirs), atol=1e-9)


def test_two_mechanisms_can_differ():
    assert not np.allclose(weights("entmax15", {"alpha": 1.5}), weights("sparsemax", {}))


ZERO_PARAMS = [
    ("shaw", "scaled-dot"),
    ("transformer-xl", "nope"),
    ("cope", "nope"),
    ("log-cpb", "scaled-dot"),
    ("fire", "nope"),
    ("path", "nope"),
]


@pytest.mark.parametrize(("name", "plain"), ZERO_PARAMS)
def test_with_zero_parameters_the_default_mechanism_remains(name, plain):
    _, inputs = make_layer(find_variant(name), n_query=7)
    zeros = {key: np.zeros_like(array) for key, array in inputs.params.items()}
    assert_allclose(weights(name, {}, params=zeros), weights(plain, {}), atol=1e-12)


def row(part, scores):
    scores = np.array([[scores]], dtype=float)
    return part(scores, np.ones_like(scores, dtype=bool), None)[0, 0]


def test_sparsemax_and_entmax_of_known_rows():
    assert_allclose(row(Sparsemax(), [-2, 0, 0.5]), [0, 0.25, 0.75], atol=1e-15)
    assert_allclose(row(Entmax(), [-2, 0, 0.5]), [0, 0.3260, 0.6740], atol=5e-5)
    third = Entmax(alpha=1.33)
    assert_allclose(row(third, [-1, 0, 0.5]), [0.0460, 0.3276, 0.6264], atol=5e-5)
    assert_allclose(row(third, [1, 2, 3.5]), [0.0026, 0.1012, 0.8963], atol=5e-5)


def test_entmax_of_two_keys_has_a_closed_form():
    """p and 1-p with 2(√p - √(1-p)) the difference of the scores."""
    for p in (0.5, 0.6, 0.9, 0.999):
        gap = 2 * (math.sqrt(p) - math.sqrt(1 - p))
        assert_allclose(row(Entmax(), [gap, 0]), [p, 1 - p], atol=1e-14)


@pytest.mark.parametrize("alpha", [2.0, 1.5, 1.2])
def test_normmax_of_two_keys_has_a_closed_form(alpha):
    """The gradient of ‖p‖ is (p/‖p‖)^(alpha-1): scores that differ by it give p."""
    for p in (0.5, 0.7, 0.99):
        length = (p**alpha + (1 - p) ** alpha) ** (1 / alpha)
        gap = (p / length) ** (alpha - 1) - ((1 - p) / length) ** (alpha - 1)
        assert_allclose(row(Normmax(alpha=alpha), [gap, 0]), [p, 1 - p], atol=1e-13)


def test_softpick_of_zero_scores_is_zero():
    assert_array_equal(row(Softpick(eps=0.0), [0.0, 0.0]), [0.0, 0.0])
    assert_allclose(row(Softpick(eps=0.0), [math.log(3), -700.0]), [2 / 3, 0.0])


def test_late_queries_have_a_larger_scale():
    """With a floor of 2, the scale grows every second position."""
    variant, inputs = make_layer(
        find_variant("growing-temperature").with_tunables(floor=2), n_query=7
    )
    factor = variant.scale(inputs)[0, :, 0] * math.sqrt(6)
    assert_allclose(factor, [1 + 0.1 * math.log(i // 2 + 1) for i in range(1, 8)], atol=1e-15)


def test_shifted_swin_windows_move_up_and_left():
    """Side 3, moved by 1: the first square is two lines high and two columns wide."""
    visible = SwinWindow(side=3, shift=1, columns=4)(Grid.of(1, 16, 16))[0]
    assert np.flatnonzero(visible[0]).tolist() == [0, 1, 4, 5]
    assert np.flatnonzero(visible[15]).tolist() == [10, 11, 14, 15]


def test_alibi_slopes_are_the_papers():
    assert alibi_slopes(8).tolist() == [2.0**-i for i in range(1, 9)]
    assert alibi_slopes(12).tolist()[:8] == alibi_slopes(8).tolist()
    assert_allclose(alibi_slopes(12)[8:], [0.7071, 0.3536, 0.1768, 0.0884], atol=5e-5)


def test_alibi_by_distance_and_by_key_are_one_under_softmax():
    variant, inputs = make_layer(find_variant("alibi"), n_query=7)
    by_key = GivenBias(alibi_slopes(2)[:, None, None] * np.arange(7.0))
    other = replace(variant, bias=(by_key,))
    assert_allclose(
        compute_weights(other, inputs).weights,
        compute_weights(variant, inputs).weights,
        atol=1e-15,
    )


def test_softmax_one_is_softmax_with_an_extra_zero_logit():
    query, key = draw_uniform((1, 5, 6), "q"), draw_uniform((1, 7, 6), "k")
    one = attend(query, key, variant="softmax-one").weights
    logits = np.concatenate([query @ key.swapaxes(1, 2) / math.sqrt(6), np.zeros((1, 5, 1))], -1)
    assert_allclose(one, softmax(logits, np.ones_like(logits, bool))[..., :-1], atol=1e-15)


def test_a_learned_sink_is_a_key_whose_weight_is_dropped():
    variant, inputs = make_layer(find_variant("learned-sink"), n_query=7)
    zero = {"b_sink": np.zeros(2)}
    one = compose("softmax-one", mask="causal")
    assert_allclose(
        compute_weights(variant, replace(inputs, params=zero)).weights,
        compute_weights(one, inputs).weights,
        atol=1e-15,
    )
    silent = {"b_sink": np.array([-800.0, 800.0])}
    result = compute_weights(variant, replace(inputs, params=silent)).weights
    assert_allclose(result.sum(-1)[0], 1.0)
    assert_array_equal(result[1], 0.0)


def test_stick_breaking_splits_the_remaining_weight():
    variant, inputs = make_layer(find_variant("stick-breaking"), n_query=7)
    block = compute_weights(variant, inputs)
    assert (block.weights[:, 0] == 0).all()
    even = compute_weights(variant, replace(inputs, query=np.zeros_like(inputs.query))).weights
    assert_allclose(even[0, 4, :4], [1 / 16, 1 / 8, 1 / 4, 1 / 2])
    sure = compute_weights(replace(variant, scale=Factor(scale=0.0)), inputs).weights
    assert_allclose(sure, even)


def test_total_variation_of_known_rows():
    assert_allclose(prox_total_variation(np.array([0.0, 4.0]), 1.0), [1.0, 3.0])
    assert_allclose(prox_total_variation(np.array([0.0, 4.0]), 9.0), [2.0, 2.0])
    assert_allclose(prox_total_variation(np.array([1.0, 5.0, 1.0]), 1.0), [2.0, 3.0, 2.0])
    assert_allclose(prox_total_variation(np.array([]), 1.0), [])


@pytest.mark.parametrize("name", ["constrained-sparsemax", "constrained-softmax"])
def test_fertility_bounds_the_column_sums(name):
    result = weights(name, {"fertility": 0.5})
    assert (result.sum(1) <= 0.5 + 1e-12).all()
    assert_allclose(result.sum((1, 2)), 3.5, atol=1e-9)  # seven keys with a half each


def test_reformer_attends_to_itself_only_without_another_key():
    variant, inputs = make_layer(find_variant("lsh"), n_query=7)
    block = compute_weights(variant, inputs)
    alone = np.einsum("hqq->hq", block.weights)
    assert set(np.unique(alone)) <= {0.0, 1.0}
    assert (block.weights.sum(-1)[alone == 1] == 1).all()


def test_shuffled_orders_and_draws_differ_by_seed():
    for name in ("permutation", "bigbird", "gumbel"):
        assert not np.allclose(weights(name, {"seed": 0}), weights(name, {"seed": 1}))
