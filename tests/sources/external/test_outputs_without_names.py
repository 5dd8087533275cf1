"""Outputs of models with return_dict=False: a tuple in which attention is one item of several."""

import numpy as np
import pytest

import attnviz
from attnviz.errors import InvalidInputError

TOKENS = ["a", "b", "c"]
STATES, POOLED = np.zeros((1, 3, 8), np.float32), np.zeros((1, 8), np.float32)
HIDDEN = tuple(STATES + layer for layer in range(3))
RAW = np.random.default_rng(3).random((2, 1, 2, 3, 3))
ATTENTION = tuple(RAW / RAW.sum(-1, keepdims=True))


@pytest.mark.parametrize(
    "outputs",
    [
        (STATES, POOLED, ATTENTION),
        (STATES, ATTENTION),
        (STATES, POOLED, HIDDEN, ATTENTION),
        (STATES, ((STATES[:, None], STATES[:, None]),) * 2, ATTENTION),
        [STATES, list(ATTENTION)],
    ],
    ids=["bert", "states", "hidden states", "past", "lists"],
)
def test_attention_is_the_item_with_four_axes_per_layer(outputs):
    amap = attnviz.read(outputs, TOKENS)
    assert amap.equals(attnviz.read(ATTENTION, TOKENS))
    assert np.array_equal(amap[1, 0], ATTENTION[1][0, 0])


def test_several_such_items_are_refused():
    with pytest.raises(InvalidInputError, match=r"2 items .* return_dict=True"):
        attnviz.read((STATES, ATTENTION, ATTENTION), TOKENS)


def test_outputs_without_attention_are_none():
    with pytest.raises(InvalidInputError):
        attnviz.read((STATES, POOLED, HIDDEN), TOKENS)
