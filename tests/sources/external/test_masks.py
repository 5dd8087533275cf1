"""Masks beside attention and as arguments, NaN, masked arrays, and scores before the softmax."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.errors import GrammarError, InvalidInputError, MisuseError
from attnviz.sources.external import read
from attnviz.sources.external.attention_mask import EITHER, PADDING
from tests.sources.external.ramp import ramp

PADDED = np.zeros((2, 1, 2, 4, 4), dtype=np.float32)  # layers, batch item, heads
PADDED[..., :3] = ramp(2, 1, 2, 4, 3)
TOKENS = list("abc")
CAUSAL = np.tril(np.ones((4, 4)))
ROWS = np.float32(CAUSAL / CAUSAL.sum(-1, keepdims=True))
LEAST = float(np.finfo(np.float32).min)


def guesses(amap):
    return "; ".join(amap.meta.get("guessed", ()))


def labels(tokens):
    return [token.label for token in tokens]


MASKS = {"attention_mask": [1, 1, 1, 0], **{name: [0, 0, 0, 1] for name in PADDING}}


@pytest.mark.parametrize("name", MASKS)
def test_a_mask_over_keys_masks_padding(name):
    made = read({"attentions": PADDED, name: [MASKS[name]]}, TOKENS)
    assert made.meta["padding"] == [3]
    assert made.masked[0, 0].tolist() == [[False] * 3 + [True]] * 4
    assert labels(made.keys) == labels(made.queries) == ["a", "b", "c", "[PAD]"]


@pytest.mark.parametrize("name", sorted(EITHER - {"tgt_mask", "memory_mask"}))
@pytest.mark.parametrize("flags", [CAUSAL, 1 - CAUSAL, np.where(CAUSAL, 0, -np.inf)])
def test_a_mask_of_pairs_excludes_the_side_without_weight(name, flags):
    made = read({"attention": ROWS, name: flags})
    assert np.array_equal(made.masked[0, 0], CAUSAL == 0)
    both = read({"attention": np.full((4, 4), 0.25), name: CAUSAL})
    assert both.masked is None
    assert f"{name} is not applied: its 1 may stand for masked or" in guesses(both)


def test_each_sequence_has_its_own_mask():
    weights = np.repeat(PADDED, 2, axis=1)
    source = {"attentions": weights, "attention_mask": [[1, 1, 1, 1], [1, 1, 1, 0]]}
    assert read(source, which=1).meta["padding"] == [3]
    assert "padding" not in read(source, which=0).meta


def test_a_mask_that_fits_the_batch_and_the_queries_is_not_applied():
    """A row per sequence, or per query: for two sequences of two queries it could be both."""
    source = {
        "attentions": np.full((1, 2, 1, 2, 3), 1 / 3),
        "attention_mask": [[1] * 3, [1, 1, 0]],
    }
    made = read(source, which=1)
    assert made.visible is None and "padding" not in made.meta
    assert any("is not applied" in note and "in two ways" in note for note in made.meta["guessed"])


def test_weight_on_padding_stays_visible():
    """So that it is found, and not hidden by the mask that it violates."""
    made = read({"attentions": PADDED, "attention_mask": [[1, 1, 0, 0]]})
    assert made.meta["padding"] == [2, 3] and made.masked is None
    assert "weights on them are up to" in guesses(made)


def test_rows_of_nan_have_the_numbers_of_their_layers():
    weights = np.full((1, 2, 3, 3), 1 / 3)
    weights[0, 1, 2] = np.nan
    made = read({"layer_3": np.full((1, 2, 3, 3), 1 / 3), "layer_7": weights})
    assert made.layers == (3, 7) and made.meta["nan_rows"] == [[7, 1, [2]]]


def test_masks_over_keys_and_of_pairs_are_combined():
    weights = ROWS.copy()
    weights[3] = [0.5, 0.25, 0.25, 0]
    made = read({"attention": weights, "attention_mask": [1, 1, 1, 0], "mask": CAUSAL})
    assert np.array_equal(~made.masked[0, 0], (CAUSAL * [1, 1, 1, 0]) > 0)


def test_an_attention_mask_that_is_given_replaces_that_of_the_file():
    source = {"attentions": PADDED, "attention_mask": [[1, 1, 0, 0]]}
    assert read(source).meta["padding"] == [2, 3]
    assert read(source, attention_mask=[1, 1, 1, 0]).meta["padding"] == [3]
    with pytest.raises(InvalidInputError, match=r"attention_mask: its shape .3,. does not fit"):
        read(source, attention_mask=[1, 1, 1])
    with pytest.raises(InvalidInputError, match="attention_mask: it should hold 0 and 1"):
        read(source, attention_mask=[1, 1, 1, 2])


@pytest.mark.parametrize("keys", [slice(None), slice(None, None, -1)], ids=["right", "left"])
def test_padding_at_the_ends_is_trimmed(keys):
    weights = PADDED[..., keys, keys]
    source = {"attentions": weights, "attention_mask": [[1, 1, 1, 0][keys]]}
    made = read(source, TOKENS, trim_padding=True)
    real = weights[:, 0][..., 1:, 1:] if keys.step else weights[:, 0][..., :3, :3]
    assert np.array_equal(made.weights, real)
    assert labels(made.keys) == TOKENS
    assert (made.row_sum, made.masked) == ("1", None)
    assert made.meta["guessed"][-1] == "1 padded key left out"


def test_weight_on_trimmed_padding_is_stated():
    source = {"attention": np.full((4, 4), 0.25), "attention_mask": [1, 1, 0, 0]}
    made = read(source, trim_padding=True)
    assert (made.weights.shape, made.row_sum) == ((1, 1, 2, 2), "at most 1")
    assert "2 padded keys left out, with up to 0.5 of the weight of a row" in guesses(made)
    spelled = read(np.eye(3), ["a", "b", "[PAD]"], trim_padding=True)
    assert labels(spelled.queries) == ["a", "b"]
    cross = read({"cross_attentions": ramp(2, 3)}, (list("xy"), ["a", "b", "[PAD]"]))
    assert cross.weights.shape[2:] == (2, 3)
    assert "no padding at the ends" in guesses(read(np.eye(3), trim_padding=True))


def test_a_mask_expression_masks_pairs_without_weight():
    made = read(ROWS, mask="causal")
    assert np.array_equal(made.masked[0, 0], CAUSAL == 0)
    near = read(ROWS, mask="causal & window(2)")
    assert np.array_equal(near.masked[0, 0], CAUSAL == 0)  # weights beyond the window are shown
    assert "causal & window(2) excludes 3 pairs with weights up to 0.333" in guesses(near)
    with pytest.raises(GrammarError):
        read(ROWS, mask="causl")


def test_a_mask_expression_reads_segments_and_padding():
    tokens = {"tokens": ["a", "b", "c", "d"], "token_type_ids": [0, 0, 1, 1]}
    blocks = np.kron(np.eye(2), np.full((2, 2), 0.5))
    made = read({"attention": blocks, **tokens}, mask="same-document")
    assert np.array_equal(made.masked[0, 0], blocks == 0)


def test_masked_arrays_keep_their_mask():
    flags = [[0, 1], [0, 0]]
    array = np.ma.array([[0.2, 0.8], [0.5, 0.5]], mask=flags)
    for source in (array, [array], {"attention": array}):
        made = read(source)
        assert made.masked[0, 0].tolist() == [[False, True], [False, False]]
        assert made.weights[0, 0].tolist() == [[0.2, 0], [0.5, 0.5]]
    three = np.ma.array(ramp(2, 3, 3), mask=np.triu(np.ones((2, 3, 3)), 1))
    assert np.array_equal(read(three).masked[0, 1], np.triu(np.ones((3, 3)), 1) > 0)
    batch = np.ma.array(
        ramp(1, 2, 1, 3, 3), mask=np.stack([np.eye(3), np.tri(3, k=-1)])[None, :, None]
    )
    assert np.array_equal(read(batch, which=1, axes="lbhqk").masked[0, 0], np.tri(3, k=-1) > 0)


NAN = np.nan


def test_rows_of_nan_are_masked_rows():
    weights = np.array([[NAN] * 3, [0, 1, 0], [0, 0.4, 0.6]])
    made = read(np.stack([weights, weights[::-1]]), axes="hqk")
    assert made.masked[0].any(-1).tolist() == [[True, False, False], [False, False, True]]
    assert made.row_sum == "1"
    assert made.meta["nan_rows"] == [[0, 0, [0]], [0, 1, [2]]]
    assert "2 rows of NaN, shown as masked" in guesses(made)


def test_later_keys_of_nan_are_masked_pairs():
    weights = np.where(CAUSAL > 0, ROWS, NAN)
    made = read(weights)
    assert np.array_equal(made.masked[0, 0], CAUSAL == 0)
    assert "NaN at later keys, shown as masked" in guesses(made)
    assert "nan_rows" not in made.meta
    assert read(weights[2:]).masked[0, 0].tolist() == [[False] * 3 + [True], [False] * 4]


@pytest.mark.parametrize(
    "weights",
    [
        [[NAN, 1], [0.5, 0.5]],
        [[1, 0], [NAN, 1]],
        [[NAN, NAN], [NAN, 1]],
        [[NAN, NAN], [NAN, NAN]],
        [[1, 0, NAN], [0.5, 0.5, 0], [0, 0, 1]],
    ],
)
def test_other_nan_is_refused(weights):
    with pytest.raises(InvalidInputError, match="is nan"):
        read(np.array(weights))


SCORES = ramp(3, 4, 4) * 5 - 1


def test_signed_values_of_any_usual_size_are_read():
    assert read(np.array([[-5e3, 2.0], [1.0, 0.0]])).signed


@pytest.mark.parametrize("fill", [-np.inf, LEAST, -65504.0, -1e9])
def test_masked_scores_are_recognized_and_their_softmax_is_exact(fill):
    scores = np.where(CAUSAL > 0, SCORES, np.float32(fill))
    with pytest.raises(InvalidInputError, match=r"down to .* are scores .* add softmax"):
        read(scores)
    made = read(scores, axes="hqk", softmax=True)
    mass = np.exp(SCORES) * CAUSAL
    assert np.allclose(made.weights[0], mass / mass.sum(-1, keepdims=True), atol=1e-6)
    assert np.array_equal(made.masked[0, 1], CAUSAL == 0)
    assert not made.weights[made.masked].any()
    assert made.row_sum == "1"


def test_the_softmax_leaves_out_keys_that_a_mask_excludes():
    source = {"attention": SCORES[0], "attention_mask": [1, 1, 1, 0]}
    made = read(source, softmax=True)
    mass = np.exp(SCORES[0, :, :3])
    assert np.allclose(made.weights[0, 0, :, :3], mass / mass.sum(-1, keepdims=True), atol=1e-6)
    assert not made.weights[..., 3].any() and made.masked[..., 3].all()


def test_signed_values_are_offered_the_softmax():
    assert "if they are scores, add --softmax" in guesses(read(SCORES[0] * 3 - 8))
    for weights in (ROWS, np.eye(3)):
        with pytest.raises(MisuseError, match="softmax has no effect on weights"):
            read(weights, softmax=True)


def test_huge_values_leak_no_warning_of_numpy():
    with pytest.raises(InvalidInputError, match=r"down to -3\.4e"):
        read(np.float32([[LEAST, LEAST], [0, LEAST]]))
    for value in (-LEAST, 1e300):
        with pytest.raises(InvalidInputError, match="are no attention weights"):
            read(np.array([[value, 0]]))


@pytest.mark.parametrize("choice", [{"softmax": True}, {"attention_mask": [1, 1, 0]}])
def test_maps_of_attnviz_refuse_what_has_no_effect(choice, tmp_path):
    import attnviz

    attnviz.write(attnviz.look("the cat sat"), tmp_path / "own.json")
    with pytest.raises(MisuseError, match="has no effect: a map of attnviz"):
        read(tmp_path / "own.json", **choice)


def test_maps_of_attnviz_refuse_a_mask_they_were_not_computed_with(tmp_path):
    import attnviz

    path = tmp_path / "own.json"
    attnviz.write(attnviz.look("the cat sat", variant="causal"), path)
    assert read(path, mask="causal").masked is not None
    with pytest.raises(MisuseError, match="excludes pairs with weights"):
        read(path, mask="window(1)")
