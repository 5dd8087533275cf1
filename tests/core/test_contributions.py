"""Contributions: norms of what a query receives from each key, against loops over the model."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose
from safetensors.numpy import load_file

import attnviz
from attnviz.core.engine.collectors import run_layer
from attnviz.core.engine.contributions import CONTRIBUTIONS, ONE_HEAD, combined_norms
from attnviz.core.engine.output_path import NormScale, OutputPath
from attnviz.errors import MisuseError, UnknownNameError
from attnviz.sources.forward_pass import build_forward_pass
from tests.cli.runner import run

MODELS = Path("tests/models")
TEXT = "the cat sat"
W_O = {  # model: names of W_O and its bias, and whether W_O is stored [in, out]
    "bert": ("bert.encoder.layer.{}.attention.output.dense", False),
    "gpt2": ("transformer.h.{}.attn.c_proj", True),
    "llama": ("model.layers.{}.self_attn.o_proj", False),
}
NORM = "bert.encoder.layer.{}.attention.output.LayerNorm"


def calls(**options):
    """The calls of all layers of a pass, and its hidden states before each are not needed."""
    found = []

    def attend(call):
        found.append(call)
        return run_layer(call.variant, call.inputs, call.value)

    build_forward_pass(TEXT, None, **options).run(attend)
    return found


def output_weights(model, layer):
    """W_O [head × d, d_model] and b of a layer, from the file."""
    tensors = load_file(MODELS / model / "model.safetensors")
    name, in_first = W_O[model]
    matrix = tensors[f"{name}.weight".format(layer)].astype(float)
    bias = tensors.get(f"{name}.bias".format(layer), 0.0)
    return matrix if in_first else matrix.T, bias


@pytest.mark.parametrize("model", W_O)
def test_norms_of_each_head_equal_the_loops(model):
    folder = str(MODELS / model)
    weights = attnviz.look(TEXT, model=folder).weights
    by_value = attnviz.look(TEXT, model=folder, contribution="value").weights
    by_norm = attnviz.look(TEXT, model=folder, contribution="norm").weights
    for layer, call in enumerate(calls(model=folder)):
        matrix, _ = output_weights(model, layer)
        d = call.value.shape[-1]
        for head, value in enumerate(call.value.astype(float)):
            for q, k in np.ndindex(*weights.shape[2:]):
                moved = weights[layer, head, q, k] * value[k]
                assert by_value[layer, head, q, k] == pytest.approx(
                    np.linalg.norm(moved), rel=1e-5, abs=1e-9
                )
                moved = moved @ matrix[head * d : (head + 1) * d]
                assert by_norm[layer, head, q, k] == pytest.approx(
                    np.linalg.norm(moved), rel=1e-5, abs=1e-9
                )


@pytest.mark.parametrize("model", W_O)
def test_norms_with_residual_equal_the_loops(model):
    folder = str(MODELS / model)
    weights = attnviz.look(TEXT, model=folder).weights
    combined = attnviz.look(TEXT, model=folder, contribution="residual").weights
    for layer, call in enumerate(calls(model=folder)):
        matrix, _ = output_weights(model, layer)
        vectors = moved_vectors(weights[layer], call.value, matrix)
        for q in range(len(vectors)):
            vectors[q, q] += call.output_path.residual[q]
        assert_allclose(combined[layer, 0], np.linalg.norm(vectors, axis=-1), rtol=1e-4)


def moved_vectors(weights, value, matrix):
    """Σ_h α v W_O of each pair.    -> [query, key, d_model]"""
    d, n = value.shape[-1], weights.shape[1]
    vectors = np.zeros((n, n, matrix.shape[1]))
    for head in range(len(weights)):
        for q in range(n):
            for k in range(n):
                part = matrix[head * d : (head + 1) * d]
                vectors[q, k] += weights[head, q, k] * (value[head, k].astype(float) @ part)
    return vectors


def test_norms_with_layer_norm_are_parts_of_its_output():
    """The parts of all keys and of the bias add up to the output of the layer norm."""
    folder = str(MODELS / "bert")
    weights = attnviz.look(TEXT, model=folder).weights
    combined = attnviz.look(TEXT, model=folder, contribution="layer-norm").weights
    eps = json.loads((MODELS / "bert" / "config.json").read_text())["layer_norm_eps"]
    tensors = load_file(MODELS / "bert" / "model.safetensors")
    layers = calls(model=folder)
    for layer, call in enumerate(layers):
        matrix, bias = output_weights("bert", layer)
        gamma, beta = (tensors[f"{NORM}.{part}".format(layer)] for part in ("weight", "bias"))
        vectors = moved_vectors(weights[layer], call.value, matrix)
        for q in range(len(vectors)):
            vectors[q, q] += call.output_path.residual[q]
            total = vectors[q].sum(0) + bias
            root = np.sqrt(total.var() + eps)
            parts = [gamma * (vector - vector.mean()) / root for vector in vectors[q]]
            assert_allclose(combined[layer, 0, q], np.linalg.norm(parts, axis=-1), rtol=1e-4)
            of_bias = gamma * (bias - bias.mean()) / root + beta
            output = gamma * (total - total.mean()) / root + beta
            assert_allclose(sum(parts) + of_bias, output, atol=1e-6)


def test_untrained_layers_have_contributions_too():
    options = {"variant": "causal", "heads": 2, "layers": 2}
    plain = attnviz.look(TEXT, **options)
    norms = attnviz.look(TEXT, contribution="norm", **options)
    for layer, call in enumerate(calls(**options)):
        matrix, _ = call.output_path.projection()
        for head in range(2):
            sizes = np.linalg.norm(call.value[head] @ matrix[head], axis=-1)
            expected = plain.weights[layer, head] * sizes
            assert_allclose(norms.weights[layer, head], expected, rtol=1e-5)
    assert (norms.weights[~np.broadcast_to(norms.visible, norms.weights.shape)] == 0).all()


@pytest.mark.parametrize("kind", CONTRIBUTIONS)
def test_each_kind_is_stated_and_selects_layers(kind):
    folder = str(MODELS / "bert")
    whole = attnviz.look(TEXT, model=folder, contribution=kind)
    last = attnviz.look(TEXT, model=folder, contribution=kind, select_layers=-1)
    assert_allclose(last.weights[0], whole.weights[-1], rtol=1e-5)
    assert whole.meta["reduced"] == CONTRIBUTIONS[kind] and whole.row_sum == "any"
    assert whole.n_head == (1 if kind in ONE_HEAD else 4)
    made = run(TEXT, "--model", folder, "--contribution", kind, "--layer", "0", width=120)
    assert f"reduced: {CONTRIBUTIONS[kind]}" in made.out
    words = run(TEXT, "--model", folder, "--contribution", kind, "--drop-special", "--json")
    assert "then no special tokens" in words.out


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"contribution": "size"}, "unknown contribution 'size'"),
        ({"contribution": "layer-norm"}, "untrained layers have no layer norm"),
        ({"contribution": "residual", "select_heads": 0}, "it sums all heads"),
        ({"contribution": "norm", "variant": "differential"}, "normalizes the outputs of its"),
        ({"contribution": "norm", "pool": 2}, "cannot be combined with a pooled map"),
        ({"contribution": "residual", "context": "a dog", "variant": "cross"}, "different texts"),
        ({"contribution": "layer-norm", "model": "tests/models/gpt2"}, "normalizes before att"),
        ({"contribution": "residual", "model": "tests/models/gemma2"}, "normalizes the output of"),
        (
            {"contribution": "residual", "model": "tests/models/t5", "target": "a"},
            "different texts",
        ),
    ],
)
def test_what_is_not_defined_is_refused_with_the_reason(options, message):
    with pytest.raises((MisuseError, UnknownNameError)) as caught:
        attnviz.look(TEXT, **options)
    assert message in str(caught.value)


def test_heads_of_files_have_no_values(tmp_path):
    path = str(tmp_path / "map.npz")
    assert run(TEXT, "-o", path).status == 0
    made = run("heads", path, "--contribution", "norm")
    assert made.status == 2 and "--contribution has no effect on attention from files" in made.err
    assert run("render", path, "--contribution", "norm").status == 2


def test_heads_of_norms_have_no_pattern_but_the_one_without_sink():
    made = run("heads", TEXT, "--model", str(MODELS / "bert"), "--contribution", "norm", "--json")
    for head in json.loads(made.out)["heads"]:
        assert head["pattern"] is head["score"] is head["entropy"] is None
        assert 0 <= head["score_without_sink"] <= 1 and head["distance"] > 0


@pytest.mark.parametrize("norm", [None, "layer", "rms"])
def test_fewer_queries_than_keys_have_their_residual_at_the_last_keys(norm, monkeypatch):
    """Several steps of queries, each with the residual stream at the key of its own position."""
    monkeypatch.setattr("attnviz.core.engine.contributions.QUERIES_PER_STEP", 2)
    n_head, n_query, n_key, d = 2, 3, 5, 7
    rng = np.random.default_rng(0)
    weights, vectors = rng.random((n_head, n_query, n_key)), rng.normal(size=(n_head, n_key, d))
    residual, bias, gamma = rng.normal(size=(n_query, d)), rng.normal(size=d), rng.normal(size=d)
    scale = None if norm is None else NormScale(gamma, 0.1, norm == "layer")
    path = OutputPath(projection=lambda: (vectors, bias), residual=residual)
    found = combined_norms(weights, vectors, path, scale)
    for q in range(n_query):
        parts = [
            sum(weights[h, q, k] * vectors[h, k] for h in range(n_head)) for k in range(n_key)
        ]
        parts[q + 2] = parts[q + 2] + residual[q]
        total = sum(parts) + bias
        if norm == "layer":
            parts = [gamma * (p - p.mean()) / (total.var() + 0.1) ** 0.5 for p in parts]
        elif norm == "rms":
            parts = [gamma * p / ((total @ total) / d + 0.1) ** 0.5 for p in parts]
        assert_allclose(found[q], [np.linalg.norm(part) for part in parts], rtol=1e-12)
