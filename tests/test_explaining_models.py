"""One weight of a real head, reckoned step by step: it ends in the weight that the map has."""

from __future__ import annotations

import numpy as np
import pytest

from attnviz.api.explain import explain
from attnviz.api.look import look
from tests.sources.reference import FOLDERS, MODELS, model

TEXT, TARGET = "the cat sat where the cat was", "a dog ran"
KINDS = [(folder, kind) for folder in FOLDERS for kind in model(folder).attentions]


def asked(folder, kind):
    """What both the map and the explanation are asked for."""
    more = {} if kind == "self" else {"attention": kind}
    return {
        "model": str(MODELS / folder),
        **more,
        **({"target": TARGET} if kind in ("decoder", "cross") else {}),
    }


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_the_arithmetic_ends_in_the_weight_of_the_map(folder, kind):
    amap = look(TEXT, **asked(folder, kind))
    last, query = amap.n_layer - 1, len(amap.queries) - 1
    last_key = min(query, len(amap.keys) - 1)
    for layer, head, key in ((0, 1, 0), (last, amap.n_head - 1, 1), (last, 0, last_key)):
        told = explain(
            TEXT, layer=layer, head=head, cell=(f"{query}", f"{key}"), **asked(folder, kind)
        )
        cell = told.cell
        assert (cell.query_at, cell.key_at) == (query, key)
        lines = {line.label: line.value for line in cell.lines}
        assert lines["weight"] == pytest.approx(amap.weights[layer, head, query, key], abs=1e-6)
        (_, first), (_, second) = cell.factors
        assert first @ second == pytest.approx(lines["score"], rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_every_line_follows_from_the_one_before(folder, kind):
    """What a line reckons, done with the numbers that are printed, gives what it says."""
    told = explain(TEXT, layer=0, head=1, cell=("1", "0"), **asked(folder, kind))
    names = {"tanh": np.tanh, "exp": np.exp, "__builtins__": {}}
    done = 0
    for line in told.cell.lines:
        sum_of = line.reckoning.split(", the row's")[0].split(" (")[0]
        if line.label not in ("score", "mask", "row sum"):
            said = sum_of.translate(str.maketrans("−×", "-*"))
            assert eval(said, names) == pytest.approx(line.value, rel=2e-4, abs=2e-5), line
            done += 1
    assert done >= 2


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_steps_hold_the_numbers_of_the_map(folder, kind):
    amap = look(TEXT, **asked(folder, kind))
    told = {
        step.name: step for step in explain(TEXT, layer=1, head=1, **asked(folder, kind)).steps
    }
    weights = np.nan_to_num(told["weights"].numbers)
    assert np.abs(weights - amap.weights[1, 1]).max() <= 1e-6
    output = weights @ told["values"].numbers
    assert np.allclose(output, told["output"].numbers, atol=1e-5)
    rope = "rope" in amap.meta["algebra"]
    assert ("turned queries" in told and "turned keys" in told) == rope
    assert "turned" not in told["queries"].says
    if rope:
        turned = told["turned queries"].numbers
        assert np.allclose(
            np.linalg.norm(turned, axis=-1),
            np.linalg.norm(told["queries"].numbers, axis=-1),
            rtol=1e-4,
        )


@pytest.mark.parametrize(
    ("folder", "kind", "layer", "name", "says"),
    [
        ("bert", "self", 0, "embeddings", "each token, embedded"),
        ("bert", "self", 1, "input", "each token as layer 0 leaves it"),
        ("gpt2", "self", 1, "input", "each token as layer 0 leaves it, normed"),
        ("modernbert", "self", 0, "embeddings", "each token, embedded"),
        ("olmo2", "self", 1, "input", "each token as layer 0 leaves it"),
        ("t5", "cross", 1, "input", "each token as the encoder leaves it"),
    ],
)
def test_the_input_is_what_it_is_called(folder, kind, layer, name, says):
    told = explain(TEXT, layer=layer, **asked(folder, kind))
    assert [(step.name, step.says) for step in told.steps][1] == (name, says)


@pytest.mark.parametrize(
    ("folder", "query", "value"),
    [
        ("bert", "x W_Q + b", "x W_V + b"),
        ("gpt_neo", "x W_Q", "x W_V"),
        ("gpt_neox", "x W_Q + b", "x W_V + b"),
        ("llama", "x W_Q", "x W_V"),
        ("qwen2", "x W_Q + b", "x W_V + b"),
        ("qwen3", "norm(x W_Q)", "x W_V"),
        ("olmo2", "norm(x W_Q)", "x W_V"),
    ],
)
def test_projections_have_the_biases_and_norms_that_are_told(folder, query, value):
    steps = {step.name: step for step in explain(TEXT, **asked(folder, "self")).steps}
    assert steps["queries"].formula == f"q = {query}"
    assert steps["keys"].formula == f"k = {query.replace('Q', 'K')}"
    assert steps["values"].formula == f"v = {value}"


def test_an_added_bias_is_a_line_with_its_value():
    told = explain(TEXT, cell=("3", "1"), layer=1, **asked("bloom", "self"))
    before, line = told.cell.lines[1:3]
    assert line.label == "alibi"
    price = before.value - line.value
    assert line.reckoning == f"{before.value:.6g} − {price:.6g} (alibi)"
    assert price == pytest.approx(2 * 2 ** (-8 / 4), abs=1e-6)  # the first head of its own scale


def test_disentangled_scores_show_all_their_products():
    told = explain(TEXT, cell=("2", "1"), **asked("deberta-v2", "self"))
    (first, left), (second, _) = told.cell.factors
    assert (first, second) == ("q,q,k", "k,p,r")
    assert left.size == 3 * 8


def test_a_changed_model_is_explained_as_changed():
    told = explain(TEXT, cell=("2", "1"), variant="sparsemax", **asked("bert", "self"))
    assert "changed: sparsemax" in told.title and told.cell.lines[-1].reckoning.startswith("max(")
