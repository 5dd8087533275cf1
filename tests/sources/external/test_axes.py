"""The axes of arrays: guesses are stated, and what the file holds beside them decides."""

from __future__ import annotations

import warnings

import numpy as np
import pytest

from attnviz.errors import GuessWarning, InvalidInputError
from attnviz.sources.external import read
from tests.sources.external.ramp import ramp

BATCH_FIRST = ramp(2, 3, 4, 5, 5)  # [batch, layer, head, query, key]
LAYERS = np.swapaxes(BATCH_FIRST, 0, 1)
IDS = np.arange(10).reshape(2, 5)
WORDS = [list("abcde"), list("vwxyz")]


def reading(amap):
    """The sentence about axes; "" if there is none."""
    return next((g for g in amap.meta.get("guessed", ()) if g.startswith("interpreting")), "")


@pytest.mark.parametrize(
    "beside",
    [
        {"input_ids": IDS},
        {"attention_mask": np.ones((2, 5))},
        {"token_type_ids": np.zeros((2, 5))},
        {"tokens": WORDS},
        {"tokens": np.array(WORDS)},
    ],
    ids=lambda beside: next(iter(beside)),
)
@pytest.mark.parametrize("item", [0, 1])
def test_sequences_beside_an_array_decide_which_axis_is_the_batch(beside, item):
    for array in (BATCH_FIRST, LAYERS):
        made = read({"attentions": array, **beside}, which=item)
        assert np.array_equal(made.weights, BATCH_FIRST[item])
    assert "as [batch, layer, head, query, key], since 2" in reading(
        read({"attentions": BATCH_FIRST, **beside})
    )
    made = read({"attentions": LAYERS, **beside})
    assert "as [layer, batch, head, query, key], since 2" in reading(made)


def test_the_arrays_of_a_list_may_be_batch_items_or_layers():
    made = read({"attentions": list(BATCH_FIRST), "input_ids": IDS}, which=1)
    assert np.array_equal(made.weights, BATCH_FIRST[1])
    made = read({"attentions": list(LAYERS), "input_ids": IDS}, which=1)
    assert np.array_equal(made.weights, BATCH_FIRST[1])
    turned = LAYERS.swapaxes(1, 2)  # [layer, head, batch, query, key]
    made = read({"attentions": list(turned), "input_ids": IDS}, which=1)
    assert np.array_equal(made.weights, BATCH_FIRST[1])
    averaged = LAYERS.mean(2)
    made = read({"attentions": list(averaged), "input_ids": IDS}, which=1)
    assert np.array_equal(made.weights[:, 0], averaged[:, 1])


@pytest.mark.parametrize(
    ("array", "beside", "weights"),
    [
        (BATCH_FIRST[:, 0], IDS, BATCH_FIRST[1, :1]),
        (BATCH_FIRST[:, 0, 0], IDS, BATCH_FIRST[1, :1, :1]),
    ],
)
def test_an_array_of_one_layer_has_a_batch_if_there_are_as_many_sequences(array, beside, weights):
    made = read({"attention": array, "input_ids": beside}, which=1)
    assert np.array_equal(made.weights, weights)
    assert reading(made)


def test_a_batch_of_one_comes_first_and_is_stated():
    made = read(BATCH_FIRST[:1])
    assert np.array_equal(made.weights, BATCH_FIRST[0])
    assert "as [batch, layer, head, query, key]; override" in reading(made)


@pytest.mark.parametrize("shape", [(3, 1, 2, 5, 5), (3, 2, 2, 5, 5), (3, 2, 5, 5), (3, 5, 5)])
def test_an_order_of_axes_that_is_a_guess_is_a_warning(shape):
    with pytest.warns(GuessWarning, match=r"interpreting shape .* override with axes") as caught:
        read(ramp(*shape), list("abcde"))
    assert caught[0].filename == __file__


@pytest.mark.parametrize("shape", [(5, 5), (1, 5, 5), (1, 2, 5, 5), (1, 1, 2, 5, 5)])
def test_an_order_of_axes_that_is_certain_is_no_warning(shape):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        read(ramp(*shape), list("abcde"))
        read((ramp(2, 2, 5, 5), ramp(2, 2, 5, 5)), list("abcde"))


@pytest.mark.parametrize(
    ("order", "axes"),
    [((0, 1, 3, 2), "lhkq"), ((0, 2, 3, 1), "lqkh"), ((3, 1, 2, 0), "khql")],
)
def test_an_array_whose_last_axis_does_not_sum_to_1_is_refused(order, axes):
    weights = ramp(3, 2, 5, 5)
    turned = weights.transpose(order)
    with pytest.raises(InvalidInputError, match=f"axes='{axes}'") as refusal:
        read(turned)
    assert np.array_equal(read(turned, axes=axes).weights.shape, (3, 2, 5, 5))
    stated = read(turned, axes="lhqk")  # normalized over queries
    assert np.array_equal(stated.weights, turned)
    assert "sum to 1 along axis" in str(refusal.value)


@pytest.mark.parametrize(
    ("shape", "axes"),
    [((3, 3, 5), "qkh"), ((3, 3, 2), "qkh"), ((4, 3, 5), "hkq"), ((3, 3, 3), "hkq")],
)
def test_heads_are_taken_to_be_last_where_the_others_are_a_square(shape, axes):
    weights = np.random.default_rng(0).dirichlet([0.1] * shape[1], (shape[0], shape[2]))
    with pytest.raises(InvalidInputError, match=f"axes='{axes}'"):
        read(weights.swapaxes(1, 2))


@pytest.mark.parametrize("factor", [1, 0.5, -1, 3])
def test_other_row_sums_are_not_taken_for_another_order(factor):
    assert read(ramp(3, 2, 5, 5) * factor).n_layer == 3
    assert read(np.eye(4) * factor).n_head == 1


@pytest.mark.parametrize("which", [0, 1, 2])
def test_ids_of_another_batch_are_refused(which):
    source = {"attentions": ramp(3, 3, 1, 5, 5), "input_ids": IDS}
    with pytest.raises(InvalidInputError, match="input_ids has 2 sequences, the attention 3"):
        read(source, list, which=which)
