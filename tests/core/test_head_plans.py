"""Head layouts: shared keys, mixed heads, differential pairs."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import attnviz
from attnviz.core.engine.attend import attend
from attnviz.core.engine.attention import compute_weights
from attnviz.core.heads import MultiHead
from attnviz.core.heads.differential import lambda_init
from attnviz.core.heads.grouped_query import repeat_kv
from attnviz.core.variants import find_variant
from attnviz.errors import MisuseError, ShapeError
from tests.core.layers import make_layer


def numbers(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def test_lambda_init_grows_with_depth_as_published():
    values = [lambda_init(depth) for depth in range(4)]
    np.testing.assert_allclose(values, [0.2, 0.3555, 0.4707, 0.5561], atol=5e-5)


@pytest.mark.parametrize("depth", [0, 1, 5])
def test_rows_of_a_differential_map_sum_to_one_less_lambda(depth):
    variant, inputs = make_layer(find_variant("differential"), layer=depth)
    a1, b1, a2, b2 = (inputs.params[f"lambda_{name}"][0] for name in ("q1", "k1", "q2", "k2"))
    factor = np.exp(a1 @ b1) - np.exp(a2 @ b2) + 0.8 - 0.6 * np.exp(-0.3 * depth)
    sums = compute_weights(variant, inputs).weights.sum(-1)
    assert sums.shape == (2, 5)
    np.testing.assert_allclose(sums, 1 - factor, atol=1e-12)


def test_a_differential_map_is_signed():
    row = find_variant("differential")
    assert row.signed and row.row_sum == "any"
    assert (compute_weights(*make_layer(row)).weights < 0).any()


def test_values_of_a_differential_pair_are_concatenated():
    query, key, value = numbers(4, 5, 6), numbers(4, 7, 6, seed=1), numbers(4, 7, 3, seed=2)
    result = attend(query, key, value, variant="differential")
    assert result.weights.shape == (2, 5, 7) and result.output.shape == (2, 5, 6)
    for head in range(2):
        pair = np.concatenate([value[2 * head], value[2 * head + 1]], axis=-1)
        summed = result.weights[head] @ pair
        size = np.sqrt((summed**2).mean(-1, keepdims=True) + 1e-5)
        expected = (1 - lambda_init(0)) * summed / size
        np.testing.assert_allclose(result.output[head], expected, atol=1e-12)


def test_an_odd_number_of_differential_heads_is_an_error():
    with pytest.raises(ShapeError, match="come in pairs; 3 do not"):
        attend(numbers(3, 5, 6), numbers(3, 7, 6), variant="differential")


@pytest.mark.parametrize(
    ("n", "reason"), [(3, "does not divide heads=4"), (-1, "kv_heads=-1"), (8, "does not divide")]
)
def test_numbers_of_key_heads_that_are_refused(n, reason):
    with pytest.raises(MisuseError, match=reason):
        MultiHead(heads=4, kv_heads=n)


@pytest.mark.parametrize(("name", "shared"), [("multi-query", 1), ("grouped-query", 2)])
def test_shared_keys_equal_repeated_ones(name, shared):
    """N9: head h uses key head h // group, not h mod group."""
    query, key = numbers(4, 5, 6), numbers(shared, 7, 6, seed=1)
    result = attend(query, key, variant=name).weights
    repeated = key[[h * shared // 4 for h in range(4)]]
    np.testing.assert_array_equal(result, attend(query, repeated, variant=name).weights)
    if shared > 1:
        tiled = key[[h % shared for h in range(4)]]
        assert np.abs(result - attend(query, tiled, variant=name).weights).max() > 0.01
    np.testing.assert_array_equal(repeat_kv(key, 4), repeated)


def test_talking_heads_with_the_identity_are_ordinary_heads():
    query, key = numbers(3, 5, 6), numbers(3, 7, 6, seed=1)
    alone = {"talk_logits": np.eye(3), "talk_weights": np.eye(3)}
    talking = replace(find_variant("talking-heads"), position=find_variant("dot").position)
    result = attend(query, key, variant=talking, learned=alone).weights
    np.testing.assert_allclose(result, attend(query, key).weights, atol=1e-15)


def test_collaborative_heads_with_a_block_each_are_ordinary_heads():
    query, key = numbers(3, 5, 6), numbers(3, 7, 6, seed=1)
    own = {"m_collaborative": np.kron(np.eye(3), np.ones(6))}
    result = attend(query, key, variant="collaborative", learned=own).weights
    np.testing.assert_allclose(result, attend(query, key).weights, atol=1e-15)


def test_a_convolution_with_the_identity_kernel_changes_nothing():
    query = key = numbers(2, 5, 6)
    still = np.zeros((2, 6, 11))
    still[:, 0, 5] = 1.0
    learned = {"theta": still, "mix_group": np.eye(2)}
    result = attend(query, key, variant="multi-token", learned=learned).weights
    np.testing.assert_allclose(
        result,
        attend(query, key, variant="dot", scale=6**-0.5, mask=np.tri(5, dtype=bool)).weights,
        atol=1e-15,
    )


def test_selective_attention_never_masks_the_first_token_or_the_query():
    """Column 0 and the diagonal stay, whatever the scores are."""
    query = key = np.full((1, 6, 4), 2.0)
    weights = attend(query, key, variant="selective").weights[0]
    assert (weights[:, 0] > 0.05).all()
    assert weights[5, 1] < weights[5, 3] < weights[5, 4]
    assert weights[5, 0] == pytest.approx(weights[5, 5])


def test_memory_slots_hold_the_weight_missing_from_a_row():
    query, key = numbers(2, 5, 6), numbers(2, 7, 6, seed=1)
    row = find_variant("memory-slots")
    slots = {"m_slots": numbers(2, 4, 6, seed=2)}
    result = attend(query, key, variant=row, learned=slots).weights
    beside = np.concatenate([key, slots["m_slots"]], axis=1)
    np.testing.assert_allclose(result, attend(query, beside).weights[..., :7], atol=1e-15)
    assert (result.sum(-1) < 1).all()


def test_the_output_of_other_heads_is_not_normed():
    query, key, value = numbers(2, 5, 6), numbers(2, 7, 6), numbers(2, 7, 3)
    for name in ("multihead", "talking-heads", "nope"):
        result = attend(query, key, value, variant=name)
        np.testing.assert_allclose(result.output, result.weights @ value, atol=1e-12)


def test_explain_shows_the_normed_output():
    explanation = attnviz.explain("the cat sat", variant="differential", layers=2, layer=1)
    (step,) = [step for step in explanation.steps if step.name == "output"]
    assert step.formula == "(1 − λ₀) rms(weights @ v)"
    size = np.sqrt((np.asarray(step.numbers) ** 2).mean(-1))
    np.testing.assert_allclose(size, 1 - lambda_init(1), rtol=1e-4)
