"""Dumps of Flax, Keras, MLX, ONNX Runtime and TransformerLens; see make_library_fixtures.py."""

from __future__ import annotations

import numpy as np
import pytest

import attnviz
from attnviz.errors import GuessWarning, InvalidInputError
from attnviz.sources.external import read
from tests.sources.external.test_other_programs import FIXTURES


def stored(name):
    with np.load(FIXTURES / name) as archive:
        return dict(archive)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("flax.npz", "block_{}/MultiHeadDotProductAttention_0/attention_weights"),
        ("keras.npz", "encoder/mha_{}/attention_scores"),
    ],
)
@pytest.mark.parametrize("item", [0, 1])
def test_names_of_modules_are_layers(name, key, item):
    arrays = stored(name)
    truth = [arrays[key.format(layer)].reshape(2, 2, 5, 5)[item] for layer in range(2)]
    made = read(FIXTURES / name, which=item)
    assert np.array_equal(made.weights, truth)
    assert made.layers == (0, 1) and made.row_sum == "1"
    assert made.meta["modules"] == [key.format(layer) for layer in range(2)]


def test_nested_mappings_of_flax_are_read_without_a_file():
    nested = {}
    for name, array in stored("flax.npz").items():
        block, module, value = name.split("/")
        nested[block] = {module: {value: (array[0],)}}  # `sow` keeps a tuple of calls
    made = read(nested, which=1)
    assert np.array_equal(made.weights, read(FIXTURES / "flax.npz", which=1).weights)


def test_several_calls_of_a_module_are_refused():
    arrays = {name: np.concatenate([a, a]) for name, a in stored("flax.npz").items()}
    with pytest.raises(InvalidInputError, match="is of 2 calls; pass one of them"):
        read(arrays)


def test_cross_attention_of_keras_is_a_stated_reading():
    truth = stored("keras_cross.npz")["cross_attention_scores"]
    with pytest.warns(GuessWarning, match="layer, head, query, key.; override with axes"):
        read(FIXTURES / "keras_cross.npz")
    assert np.array_equal(read(truth, axes="bhqk", which=1).weights[0], truth[1])


@pytest.mark.parametrize(
    ("name", "causal"),
    [
        ("mlx.npz", "mask masks 10 pairs"),
        ("mlx_bfloat16.safetensors", "mask masks 10 pairs"),
        ("onnx.npz", "a causal mask is assumed"),
        ("transformer_lens_qk.npz", "a causal mask is assumed"),
        ("bertviz_neuron.html", None),
    ],
)
def test_weights_follow_from_the_queries_and_keys_in_the_file(name, causal):
    made = read(FIXTURES / name)
    for layer, head in ((made.layers[0], 0), (made.layers[-1], made.heads[-1])):
        explanation = attnviz.explain(FIXTURES / name, layer=layer, head=head)
        assert explanation.meta["stored_weights"]["equal"]
        steps = {step.name: step for step in explanation.steps}
        computed = np.nan_to_num(steps["weights"].numbers)
        weights = made.weights[made.layers.index(layer), head]
        assert np.abs(computed - weights).max() < (4e-3 if "bfloat16" in name else 1e-6)
        notes = " ".join(explanation.meta["guessed"])
        assert causal is None or causal in notes


def test_values_of_onnx_are_summed_to_its_output():
    steps = attnviz.explain(FIXTURES / "onnx.npz", head=1).steps
    output = {step.name: step.numbers for step in steps}["output"]
    assert np.allclose(output, stored("onnx.npz")["Y"][0, 1], atol=1e-6)


def test_scores_of_onnx_are_no_weights():
    scores = stored("scores/onnx.npz")["qk_matmul_output"]
    made = read(FIXTURES / "scores/onnx.npz")
    assert any("add --softmax" in guess for guess in made.meta["guessed"])
    made = read(FIXTURES / "scores/onnx.npz", softmax=True)
    mass = np.exp(scores)
    assert np.allclose(made.weights, mass / mass.sum(-1, keepdims=True), atol=1e-6)
    explanation = attnviz.explain(FIXTURES / "scores/onnx.npz")
    assert "stored_weights" not in explanation.meta
    step = {step.name: step.numbers for step in explanation.steps}["scaled"]
    assert np.allclose(step, scores[0, 0], atol=1e-6)
