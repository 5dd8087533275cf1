"""Arrays of any library and any usual shape."""

from __future__ import annotations

from types import SimpleNamespace

import ml_dtypes
import numpy as np
import pytest

from attnviz.errors import InvalidInputError, MisuseError, UnknownNameError
from attnviz.sources.external import read
from tests.sources.external.ramp import ramp

LBHQK = ramp(3, 1, 2, 5, 5)


class Tensor:
    """A tensor that NumPy cannot take as it is: with a gradient, elsewhere, in bfloat16."""

    def __init__(self, array, dtype="torch.bfloat16", where=("grad", "gpu")):
        self.array, self.dtype, self.shape, self.where = array, dtype, array.shape, where

    def without(self, what):
        return Tensor(self.array, self.dtype, tuple(w for w in self.where if w != what))

    def detach(self):
        return self.without("grad")

    def cpu(self):
        return self.without("gpu")

    def float(self):
        return Tensor(self.array, "torch.float32", self.where)

    def __array__(self, dtype=None, copy=None):
        if self.where or "bfloat16" in self.dtype:
            raise RuntimeError("Can't call numpy() on\nthis tensor")
        return self.array


SHAPES = {
    "[query, key]": (LBHQK[0, 0, 0], (1, 1, 5, 5)),
    "[head, query, key]": (LBHQK[0, 0], (1, 2, 5, 5)),
    "[layer, head, query, key]": (LBHQK[:, 0], (3, 2, 5, 5)),
    "[layer, batch, head, query, key]": (LBHQK, (3, 2, 5, 5)),
    "tuple of [batch, head, query, key]": (tuple(LBHQK), (3, 2, 5, 5)),
    "list of [head, query, key]": (list(LBHQK[:, 0]), (3, 2, 5, 5)),
    "list of [query, key]": (list(LBHQK[:, 0, 0]), (3, 1, 5, 5)),
    "layers of heads": ([list(layer) for layer in LBHQK[:, 0]], (3, 2, 5, 5)),
    "numbers": (LBHQK[:, 0].tolist(), (3, 2, 5, 5)),
    "tensors": (tuple(Tensor(layer) for layer in LBHQK), (3, 2, 5, 5)),
    "one tensor": (Tensor(LBHQK), (3, 2, 5, 5)),
    "outputs": (SimpleNamespace(attentions=tuple(LBHQK)), (3, 2, 5, 5)),
    "a mapping": ({"attentions": LBHQK, "logits": np.ones(3)}, (3, 2, 5, 5)),
    "a mapping of layers": ({f"layer_{i}": layer for i, layer in enumerate(LBHQK)}, (3, 2, 5, 5)),
}


@pytest.mark.parametrize("shape", SHAPES)
def test_usual_shapes_become_layer_head_query_key(shape):
    source, expected = SHAPES[shape]
    made = read(source)
    assert made.weights.shape == expected
    assert np.array_equal(made.weights, LBHQK[:, 0][: expected[0], : expected[1]])


def test_axes_can_be_stated():
    turned = LBHQK.transpose(4, 2, 0, 3, 1)
    assert np.array_equal(read(turned, axes="khlqb").weights, LBHQK[:, 0])
    assert read(LBHQK[0], axes="bhqk").weights.shape == (1, 2, 5, 5)
    assert (
        read(tuple(LBHQK.transpose(0, 1, 2, 4, 3)), axes="lbhkq").weights[0, 0, 0, 1]
        == (LBHQK[0, 0, 0, 0, 1])
    )


@pytest.mark.parametrize("axes", ["hq", "hqkk", "hqz", "lhqkb", "lbhqk", ""])
def test_axes_that_do_not_fit_are_refused(axes):
    with pytest.raises(MisuseError, match="one letter per axis"):
        read(LBHQK[0, 0], axes=axes)


def test_guesses_are_noted():
    assert read(LBHQK[:, 0], list("abcde")).meta["guessed"] == [
        "interpreting shape (3, 2, 5, 5) as [layer, head, query, key]; override with --axes"
    ]
    assert "guessed" not in read(tuple(LBHQK), list("abcde")).meta
    assert read(LBHQK[0, 0, 0]).meta["guessed"] == [
        "no tokens given; showing positions (see --tokens)"
    ]


@pytest.mark.parametrize(
    "nothing", [(), [], (None, None), (LBHQK[0], None), ((), ()), ((None,), (None,)), {}]
)
def test_outputs_without_attention_are_refused_with_the_missing_argument(nothing):
    with pytest.raises(InvalidInputError, match='attn_implementation="eager"'):
        read(nothing)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ([LBHQK[0], LBHQK[0, :, :1]], "layer 1 has shape"),
        ([[[0.5, 0.5], [1.0]]], "ragged"),
        ([[0.5, [0.5]]], "holds list"),
        ([[0.5], 0.5], "ragged"),
        ([["0.5"]], "holds str"),
        (np.array([["0.5"]]), "type str"),
        (np.array([[1j]]), "type complex128"),
        (np.array([[object()]]), "type object"),
        (np.array([[0.5, np.nan]]), "is nan"),
        (np.array([[0.5, -np.inf]]), "down to -inf are scores before the softmax"),
        (np.ones((1,) * 6), "6 axes, not 2 to 5"),
        (np.ones((0, 3)), "query axis has size 0;"),
        (np.broadcast_to(0.0, (1, 1 << 18)), "key axis has size 262,144;"),
        (Tensor(LBHQK, where=("meta",)), "not an array of numbers: Can't call numpy"),
        (3, "int holds no attention"),
        (None, "NoneType holds no attention"),
        ({"a": 1}, "no attention among 'a'"),
        ({"attention": {"attention": 1}}, "an object, not numbers"),
    ],
)
def test_values_without_attention_are_refused_with_the_reason(source, reason):
    with pytest.raises(InvalidInputError, match=reason) as told:
        read(source)
    assert "\n" not in str(told.value)


def test_one_sequence_of_a_batch_is_taken():
    batch = ramp(2, 3, 2, 4, 4)
    assert np.array_equal(read(tuple(batch), which=2).weights, batch[:, 2])
    assert np.array_equal(read(batch).weights, batch[:, 0])
    assert read(batch).meta["guessed"][1] == "showing batch item 0 of 3; choose with --which"
    with pytest.raises(MisuseError, match="no batch item 3; choose from 0, 1, 2"):
        read(batch, which="3")
    with pytest.raises(MisuseError, match="no batch item 1"):
        read(LBHQK, which=1)


ENCODER_DECODER = {
    "encoder_attentions": tuple(ramp(2, 1, 2, 5, 5)),
    "decoder_attentions": tuple(ramp(2, 1, 2, 3, 3)),
    "cross_attentions": tuple(ramp(2, 1, 2, 3, 5)),
    "encoder_tokens": list("abcde"),
    "decoder_tokens": list("xyz"),
}


@pytest.mark.parametrize(
    ("which", "queries", "keys"),
    [("cross", "xyz", "abcde"), ("Encoder", "abcde", "abcde"), ("decoder:0", "xyz", "xyz")],
)
def test_one_attention_of_an_encoder_decoder_is_taken(which, queries, keys):
    made = read(ENCODER_DECODER, which=which)
    assert "".join(token.label for token in made.queries) == queries
    assert "".join(token.label for token in made.keys) == keys


def test_cross_attention_is_the_default_with_a_note():
    made = read(ENCODER_DECODER)
    assert made.weights.shape == (2, 2, 3, 5)
    assert made.meta["guessed"][0] == (
        "showing 'cross' (also: 'decoder', 'encoder'); choose with --which"
    )
    with pytest.raises(UnknownNameError, match="Did you mean 'cross'"):
        read(ENCODER_DECODER, which="crass")


def test_layers_are_put_in_the_order_of_their_numbers():
    cache = {f"blocks.{i}.attn.hook_pattern": ramp(1, 2, 3, 3) * (i + 1) for i in (10, 2, 0)}
    cache["blocks.0.attn.hook_q"] = np.ones((1, 3, 2, 4))
    made = read(cache)
    assert made.layers == (0, 2, 10)
    assert np.array_equal(made.weights[2], ramp(2, 3, 3) * np.float32(11))
    pair = {
        "encoder.0.attn.hook_pattern": ramp(1, 1, 2, 2),
        "decoder.0.cross_attn.hook_pattern": ramp(1, 1, 3, 2),
    }
    assert read(pair, which="encoder").weights.shape == (1, 1, 2, 2)
    assert read(pair).weights.shape == (1, 1, 3, 2)


def test_steps_of_a_generation_are_put_together():
    full = np.tril(ramp(2, 1, 2, 5, 5))
    steps = [[layer[..., :3, :3] for layer in full]]
    steps += [[layer[..., n : n + 1, : n + 1] for layer in full] for n in (3, 4)]
    made = read(tuple(map(tuple, steps)), list("abcde"))
    assert np.array_equal(made.weights, full[:, 0])
    assert np.array_equal(made.masked[0, 0, 3:], [[False] * 4 + [True], [False] * 5])
    assert "3 generation steps" in made.meta["guessed"][0]
    assert np.array_equal(read(tuple(map(tuple, steps[:1]))).weights, full[:, 0, :, :3, :3])
    assert (
        "beams"
        in read([[np.repeat(layer, 2, 0) for layer in step] for step in steps]).meta["guessed"][1]
    )
    with pytest.raises(InvalidInputError, match="num_beams=1"):
        read({"attentions": steps, "beam_indices": np.zeros((1, 3))})
    for kind in (dict, SimpleNamespace):  # of a library, or its outputs as an object
        beams = kind(
            encoder_attentions=LBHQK, cross_attentions=LBHQK, beam_indices=np.zeros((1, 3))
        )
        with pytest.raises(InvalidInputError, match=r"num_beams=1.*encoder is read"):
            read(beams)
        assert read(beams, which="encoder").weights.shape[:2] == LBHQK.shape[::2][:2]
    with pytest.raises(InvalidInputError, match="step 1 does not fit"):
        read([steps[0], steps[1][:1]])


@pytest.mark.parametrize("dtype", [np.float16, ml_dtypes.bfloat16, np.int8, np.longdouble, bool])
def test_other_number_types_are_converted(dtype):
    made = read(np.eye(3).astype(dtype), list("abc"))
    assert made.weights.dtype in (np.float32, np.float64)
    assert np.array_equal(made.weights[0, 0], np.eye(3))


@pytest.mark.parametrize(
    ("factor", "row_sum"), [(1.0, "1"), (0.5, "at most 1"), (2.0, "any"), (-1.0, "any")]
)
def test_row_sums_are_stated_and_rows_are_not_renormalized(factor, row_sum):
    made = read(ramp(3, 3) * factor)
    assert made.row_sum == row_sum
    assert made.signed == (factor < 0)
    assert np.allclose(made.weights[0, 0], ramp(3, 3) * factor)
    assert any("row sums" in note for note in made.meta["guessed"]) == (row_sum != "1")


def test_rows_of_16_bit_numbers_still_sum_to_one():
    assert read(ramp(3, 50).astype(np.float16)).row_sum == "1"


def test_a_fully_masked_row_is_read():
    assert read(np.diag([1.0, 0.0, 1.0])).row_sum == "1"
