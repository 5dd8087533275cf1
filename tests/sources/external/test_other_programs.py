"""Files written by the other programs themselves; see make_fixtures.py."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from attnviz.errors import UnknownNameError
from attnviz.sources.external import read
from attnviz.sources.external.readers import READERS
from tests.sources.external.ramp import ramp

FIXTURES = Path(__file__).parent / "fixtures"
PAIR = ["The", "cat", "sat", "on"]


def labels(tokens):
    return [token.label for token in tokens]


def forward():
    return read(FIXTURES / "hf_forward.npy")


@pytest.mark.parametrize(
    "path", sorted(filter(Path.is_file, FIXTURES.iterdir())), ids=lambda path: path.name
)
def test_every_fixture_is_small_and_read(path):
    assert path.stat().st_size <= 30_000
    made = read(path)
    assert made.weights.any()
    assert made.meta["source"] == "foreign"
    assert made.row_sum == "1"


@pytest.mark.parametrize("name", ["transformer_lens.npz", "transformer_lens.safetensors"])
def test_transformer_lens_equals_hugging_face(name):
    made = read(FIXTURES / name)
    assert made.layers == (0, 1)
    assert np.allclose(made.weights, forward().weights, atol=1e-6)
    assert not np.triu(made.weights, 1).any()


def test_a_generation_equals_the_forward_pass_over_its_tokens():
    made = read(FIXTURES / "hf_generate.npz")
    with np.load(FIXTURES / "hf_generate.npz") as archive:
        again = archive["forward_again"]
    n_query = made.weights.shape[2]
    assert made.weights.shape == (2, 3, 6, 6)
    assert np.allclose(made.weights, again[:, 0, :, :n_query, :n_query], atol=1e-6)


@pytest.mark.parametrize(
    ("which", "shape"), [("cross", (3, 5)), ("encoder", (5, 5)), ("decoder", (3, 3))]
)
def test_an_encoder_decoder_has_three_attentions(which, shape):
    made = read(FIXTURES / "hf_encoder_decoder.npz", which=which)
    assert made.weights.shape == (2, 3, *shape)
    assert labels(made.keys)[0] == ("<s>" if which == "decoder" else "The")


def test_a_bertviz_head_view():
    made = read(FIXTURES / "bertviz_head.html")
    assert np.array_equal(np.float32(made.weights), ramp(3, 2, 5, 5))
    assert labels(made.keys) == ["[CLS]", "cat", "</script>", "[SEP]", "sat"]


@pytest.mark.parametrize(
    ("which", "rows", "columns"),
    [
        ("All", slice(None), slice(None)),
        ("Sentence A -> Sentence B", slice(2), slice(2, None)),
        ("sentence b -> sentence a", slice(2, None), slice(2)),
    ],
)
def test_a_bertviz_view_of_two_sentences(which, rows, columns):
    made = read(FIXTURES / "bertviz_pair.html", which=which)
    assert np.array_equal(np.float32(made.weights), ramp(3, 2, 5, 5)[[0, 2]][:, :, rows, columns])
    assert made.layers == (0, 2)


def test_a_bertviz_model_view_keeps_the_numbers_of_layers_and_heads():
    made = read(FIXTURES / "bertviz_model.html", which="cross")
    assert np.array_equal(np.float32(made.weights), ramp(2, 2, 3, 5)[1:, 1:])
    assert (made.layers, made.heads) == ((1,), (1,))
    assert labels(made.queries) == labels(made.keys)[:3]
    with pytest.raises(UnknownNameError, match="'Encoder'"):
        read(FIXTURES / "bertviz_model.html", which="encodr")


def test_a_bertviz_neuron_view_has_the_vectors_of_its_weights():
    made = read(FIXTURES / "bertviz_neuron.html")
    scores = made.query_vectors @ made.key_vectors.swapaxes(-1, -2)
    scores = np.exp(scores / np.sqrt(made.query_vectors.shape[-1]))
    assert np.allclose(made.weights, scores / scores.sum(-1, keepdims=True), atol=1e-6)
    part = read(FIXTURES / "bertviz_neuron.html", which="ab")
    assert part.weights.shape == (2, 2, 4, 3)
    assert labels(part.keys) == ["it", "sat", "[SEP]"]
    assert part.key_vectors.shape == (2, 2, 3, 3)


def test_circuitsvis_names_state_layer_and_heads():
    made = read(FIXTURES / "circuitsvis_heads.html")
    assert np.array_equal(np.float32(made.weights[0]), ramp(2, 3, 3))
    assert (made.layers, made.heads) == ((4,), (1, 7))
    assert labels(made.keys) == ["<|endoftext|>", "The", "cat"]
    assert read(FIXTURES / "circuitsvis_pattern.html").weights.shape == (1, 1, 3, 3)


def test_circuitsvis_heads_of_several_layers_have_their_names():
    page = (FIXTURES / "circuitsvis_heads.html").read_text().replace("L4H7", "L5H7")
    made = read(page.encode())
    assert made.names == ("L4H1", "L5H7")
    assert (made.layers, made.heads) == ((0,), (0, 1))


@pytest.mark.parametrize("name", ["inseq.json", "inseq.json.gz", "inseq_primitives.json"])
def test_inseq_attributes_each_step_to_its_inputs(name):
    made = read(FIXTURES / name)
    assert labels(made.keys)[:4] == PAIR
    assert labels(made.queries) == labels(made.keys)[4:]
    first_step = made.weights[:, :, 0, :4]
    assert np.allclose(first_step, forward().weights[:, :, -1], atol=1e-6)
    assert made.masked[0, 0, 0].tolist() == [False] * 4 + [True] * 3
    assert not made.weights[made.masked].any()


def test_inseq_with_heads_and_layers_reduced():
    full = read(FIXTURES / "inseq.json").weights
    layers = read(FIXTURES / "inseq_layers.json").weights
    assert np.allclose(layers, full.mean(1, keepdims=True), atol=1e-6)
    mean = read(FIXTURES / "inseq_mean.json").weights
    assert np.allclose(mean, full.mean((0, 1), keepdims=True), atol=1e-6)


@pytest.mark.parametrize(("which", "keys"), [("source", PAIR), ("target", None)])
def test_inseq_attributes_to_the_source_and_to_the_target(which, keys):
    made = read(FIXTURES / "inseq_pair.json", which=which)
    assert labels(made.queries) == ["mat", "sat", "The"]
    assert keys is None or labels(made.keys) == keys


@pytest.mark.parametrize("row", READERS, ids=lambda row: row.name)
def test_every_reader_names_a_function(row):
    from importlib import import_module

    module, function = row.target.split(":")
    assert callable(getattr(import_module(f"attnviz.sources.external.{module}"), function))
    assert row.summary
    assert all(suffix.startswith(".") for suffix in row.suffixes)
