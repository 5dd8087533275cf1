"""Rows of the position table: offsets, padding, maximum lengths."""

import numpy as np
import pytest

from attnviz.core.grid import Grid
from attnviz.core.masks import Padding
from attnviz.sources.transformer.embedding import position_indices
from tests.sources.reference import open_model

# The rows of a table before the first position: RoBERTa's and MPNet's begin after padding.
OFFSETS = {"bert": 0, "gpt2": 0, "opt": 2, "biogpt": 2, "roberta": 2, "camembert": 2}


def embedding_of(name):
    """The specification of a model's embedding, and its weights."""
    (stack,) = open_model(name).stacks.values()
    return stack.spec.embedding, stack.weights


@pytest.mark.parametrize("name", OFFSETS)
def test_the_maximum_length_leaves_out_the_rows_before_the_first_position(name):
    spec, w = embedding_of(name)
    n_row = w.tensors.shape(f"{spec.position}.weight")[0]
    assert open_model(name).n_position == n_row - OFFSETS[name]
    assert position_indices(spec, w, [5, 6, 7], 0).tolist() == [
        OFFSETS[name] + i for i in range(3)
    ]
    assert position_indices(spec, w, [5], 3).tolist() == [OFFSETS[name] + 3]


def test_padding_has_its_own_row_and_is_not_counted():
    """As in RoBERTa: the row of padding is pad_token_id, 1."""
    spec, w = embedding_of("roberta")
    assert position_indices(spec, w, [0, 5, 1, 7, 1, 8], 0).tolist() == [2, 3, 1, 4, 1, 5]


def test_no_query_attends_to_padding():
    pad = np.array([1, 0, 0, 1])
    assert Padding()(Grid.of(2, 4, 4, {"pad": (pad, pad)})).tolist() == [
        [[False, True, True, False]]
    ]
