"""attend over arrays: shapes, masks, shared keys, and errors for NaN and infinity."""

import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

from attnviz.core.engine.attend import attend
from attnviz.core.engine.attention import all_finite, apply_weights, compute_weights
from attnviz.core.masks import Causal, Window
from attnviz.core.seeded_random import draw_uniform
from attnviz.core.variants import find_variant
from attnviz.errors import MisuseError, NumbersError, ShapeError
from tests.core.layers import make_layer

QUERY = draw_uniform((3, 2, 5, 6), "q")  # batch 3, head 2, query 5, d 6
KEY = draw_uniform((3, 2, 7, 6), "k")
VALUE = draw_uniform((3, 2, 7, 4), "v")


def loops(query, key, value, visible):
    """softmax(QKᵀ/√d)V of one head, element by element."""
    weights = np.zeros((len(query), len(key)))
    for q in range(len(query)):
        mass = [
            np.exp(sum(query[q] * key[k]) / np.sqrt(len(query[q]))) if visible[q, k] else 0.0
            for k in range(len(key))
        ]
        if sum(mass):
            weights[q] = np.array(mass) / sum(mass)
    return weights @ value, weights


def test_a_batch_of_heads_with_a_mask_equals_loops():
    visible = draw_uniform((3, 1, 5, 7), "mask") > 0
    visible[0, 0, 2] = False  # one query is fully masked
    result = attend(QUERY, KEY, VALUE, mask=visible)
    for b in range(3):
        for h in range(2):
            output, weights = loops(QUERY[b, h], KEY[b, h], VALUE[b, h], visible[b, 0])
            assert_allclose(result.weights[b, h], weights, atol=1e-12)
            assert_allclose(result.output[b, h], output, atol=1e-12)
    assert (result.weights[0, :, 2] == 0).all() and (result.output[0, :, 2] == 0).all()


def test_softmax_of_the_textbook():
    eye = np.eye(3)
    result = attend([[2.0, 1.0, 0.1]], eye, variant="dot").weights
    assert_allclose(result, [[0.65900114, 0.24243297, 0.09856589]], atol=1e-8)


@pytest.mark.parametrize("size", [1e4, -1e4, 1e300])
def test_huge_scores_neither_overflow_nor_lose_their_order(size):
    result = attend([[size]], [[1.0], [0.5], [1.0]], variant="dot").weights
    expected = [[0.5, 0, 0.5]] if size > 0 else [[0, 1, 0]]
    assert_allclose(result, expected, atol=1e-12)


def test_a_constant_added_to_a_row_changes_nothing():
    bias = np.full((5, 1), 1000.0) * np.arange(5)[:, None]
    plain = attend(QUERY[0], KEY[0]).weights
    assert_allclose(attend(QUERY[0], KEY[0], bias=bias).weights, plain, atol=1e-12)


def test_shared_keys_go_to_heads_in_order():
    four = draw_uniform((4, 5, 6), "q4")
    shared = attend(four, KEY[0], VALUE[0])
    repeated = attend(four, np.repeat(KEY[0], 2, axis=0), np.repeat(VALUE[0], 2, axis=0))
    assert_array_equal(shared.weights, repeated.weights)
    tiled = attend(four, np.tile(KEY[0], (2, 1, 1)))
    assert not np.allclose(shared.weights, tiled.weights), "the two orders must differ here"


def test_a_batch_is_its_members():
    whole = attend(QUERY, KEY, VALUE, variant="additive")
    for b in range(3):
        alone = attend(QUERY[b], KEY[b], VALUE[b], variant="additive")
        assert_array_equal(whole.weights[b], alone.weights)
        assert_array_equal(whole.output[b], alone.output)


def test_with_fewer_queries_than_keys_the_queries_are_the_last():
    visible_keys = attend(QUERY[0], KEY[0], mask=Causal()).weights > 0
    assert_array_equal(visible_keys[0], np.tril(np.ones((5, 7)), k=2) > 0)
    first = attend(QUERY[0], KEY[0], mask=Causal(align="first")).weights > 0
    assert_array_equal(first[0], np.tril(np.ones((5, 7))) > 0)


@pytest.mark.parametrize(("window", "most"), [(1, 1), (3, 3), (7, 7), (8, 7)])
def test_a_window_shows_that_many_keys_itself_included(window, most):
    visible_keys = attend(KEY[0], KEY[0], mask=Causal() & Window(window)).weights > 0
    assert visible_keys.sum(-1).max() == most


@pytest.mark.parametrize("options", [{}, {"softcap": 50.0}], ids=["one array", "all stages"])
@pytest.mark.parametrize("poison", [np.nan, np.inf, 1e30])
def test_masked_keys_and_values_cannot_leak(poison, options):
    key, value = KEY[0].copy(), VALUE[0].copy()
    visible = np.ones((5, 7), bool)
    visible[:, 6] = False
    clean = attend(QUERY[0], key, value, mask=visible, **options)
    key[:, 6], value[:, 6] = poison, poison
    result = attend(QUERY[0], key, value, mask=visible, **options)
    assert_array_equal(result.weights, clean.weights)
    assert_array_equal(result.output, clean.output)


def test_nan_and_infinity_raise_an_error():
    key, value = KEY[0].copy(), VALUE[0].copy()
    key[1, 3, 0] = np.nan
    with pytest.raises(NumbersError, match="head 1, query 0, key 3 is nan"):
        attend(QUERY[0], key)
    value[1, 3, 0] = np.inf
    with pytest.raises(NumbersError, match="head 1, key 3 is not finite"):
        attend(QUERY[0], KEY[0], value)


def test_a_soft_cap_does_not_unmask():
    result = attend(QUERY[0], KEY[0], mask=Causal(), softcap=0.1).weights
    assert (result[:, 0, 3:] == 0.0).all()


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
def test_the_float_type_is_kept(dtype):
    result = attend(QUERY[0].astype(dtype), KEY[0].astype(dtype), VALUE[0].astype(dtype))
    expected = np.float32 if dtype == np.float16 else dtype
    assert result.weights.dtype == result.output.dtype == expected
    exact = attend(QUERY[0].astype(dtype).astype(float), KEY[0].astype(dtype).astype(float))
    assert_allclose(result.weights, exact.weights, atol=1e-15 if dtype == np.float64 else 3e-7)


def test_two_axes_are_one_head():
    result = attend(QUERY[0, 0], KEY[0, 0], VALUE[0, 0])
    assert_array_equal(result.weights, attend(QUERY[0, :1], KEY[0, :1]).weights[0])
    assert result.output.shape == (5, 4)


def test_a_mask_of_numbers_is_ambiguous_and_an_error():
    with pytest.raises(ShapeError, match="bool, True = the query attends"):
        attend(QUERY[0], KEY[0], mask=np.ones((5, 7)))


@pytest.mark.parametrize(
    ("query", "key", "value", "message"),
    [
        (QUERY[0], KEY[0, :, :, :5], None, "with the same d"),
        (QUERY[0, 0, 0], KEY[0], None, "should be"),
        (QUERY[0], KEY[0], VALUE[0, :, :6], "should begin like key"),
        (draw_uniform((3, 5, 6), "q3"), KEY[0], None, "3 query heads cannot share 2"),
    ],
)
def test_an_error_names_the_shapes_that_do_not_match(query, key, value, message):
    with pytest.raises(ShapeError, match=message):
        attend(query, key, value)


def test_learned_parameters_can_be_given():
    zero = np.zeros((2, 6))
    result = attend(QUERY[0], KEY[0], variant="additive", learned={"v_additive": zero}).weights
    assert_allclose(result, 1 / 7)
    with pytest.raises(ShapeError, match="v_additive"):
        attend(QUERY[0], KEY[0], variant="additive", learned={"v_additive": np.zeros(5)})


def test_each_head_draws_parameters_of_its_own():
    same = np.repeat(KEY[0, :1], 3, axis=0)
    weights = attend(same, same, variant="additive", heads=3).weights
    assert not np.allclose(weights[0], weights[1]) and not np.allclose(weights[0], weights[2])


def test_the_stages_are_those_before_and_after_the_scale():
    variant, inputs = make_layer(find_variant("scaled-dot"))
    stages = {}
    compute_weights(variant, inputs, stages.__setitem__)
    scores = inputs.query @ inputs.key.swapaxes(-1, -2)
    assert_array_equal(stages["scores"], scores)
    assert_allclose(stages["scaled"], scores / np.sqrt(inputs.query.shape[-1]))


def test_an_infinite_score_is_refused_where_it_is_and_numbers_that_overflow_too():
    key = KEY[0].copy()
    key[1, 3] = np.inf * np.sign(QUERY[0, 1, 0])  # of other queries the score would be NaN
    with pytest.raises(NumbersError, match="the score of head 1, query 0, key 3 is inf"):
        attend(QUERY[0, :, :1], key)
    with pytest.raises(NumbersError, match="the output is not finite: the values are too large"):
        apply_weights(np.ones((1, 1, 2)), np.full((1, 2, 1), 1.7e308))
    assert all_finite(np.array([1e308, 1e308])) and all_finite(np.zeros(0))
    assert not all_finite(np.array([np.inf, -np.inf])) and not all_finite(np.array([np.nan]))


def test_with_more_queries_than_keys_the_queries_are_the_first():
    visible_keys = attend(KEY[0], QUERY[0], mask=Causal()).weights > 0
    assert_array_equal(visible_keys[0], np.tril(np.ones((7, 5))) > 0)


def test_the_soft_cap_is_of_scores_with_their_bias():
    bias = 9 * draw_uniform((2, 5, 7), "bias")
    weights = attend(QUERY[0], KEY[0], bias=bias, softcap=5.0).weights
    logits = QUERY[0] @ KEY[0].swapaxes(-1, -2) / np.sqrt(QUERY.shape[-1]) + bias
    mass = np.exp(5.0 * np.tanh(logits / 5.0))
    assert_allclose(weights, mass / mass.sum(-1, keepdims=True), atol=1e-12)


def test_tunables_reach_the_parts():
    result = attend(KEY[0], KEY[0], variant="local", window=1).weights
    assert_array_equal(result[0], np.eye(7))
    with pytest.raises(
        MisuseError, match=r"'local' has no tunable 'windw'\. Its tunables: window=3"
    ):
        attend(KEY[0], KEY[0], variant="local", windw=1)
