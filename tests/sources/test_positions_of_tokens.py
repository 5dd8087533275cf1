"""What a model computes of tokens: positions, padding, features, and no layer for nothing."""

import numpy as np
import pytest

from attnviz.core.grid import Grid
from attnviz.core.masks import Padding
from attnviz.sources.transformer.embedding import position_indices
from tests.sources.reference import RecordingAttend, encoding_of_ids, open_model

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


def test_keys_of_cross_attention_have_the_features_of_the_text():
    seen = RecordingAttend()
    text, target = encoding_of_ids([5, 6, 7, 8, 2]), encoding_of_ids([2, 9, 4])
    open_model("bart").run(text, seen, target=target)
    sizes = {call.kind: call.inputs.grid.token_features["letters"] for call in seen.calls}
    assert {kind: (len(q), len(k)) for kind, (q, k) in sizes.items()} == {
        "encoder": (5, 5),
        "decoder": (3, 3),
        "cross": (3, 5),
    }


def test_the_last_layer_stops_after_its_attention():
    """Its feed-forward layer is read only if something needs its output."""
    for needs_output in (False, True):
        checkpoint = open_model("bert")
        text = encoding_of_ids([2, 5, 3])
        checkpoint.run(text, RecordingAttend(), needs_output=needs_output)
        last = f"encoder.layer.{checkpoint.n_layer - 1}.intermediate.dense.weight"
        assert (last in {name for name, *_ in checkpoint.tensors.lookups}) == needs_output
