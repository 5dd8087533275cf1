"""Explanations of pretrained models: the arithmetic of a weight ends in the weight of the map."""

from __future__ import annotations

import json

import numpy as np
import pytest

from attnviz.api.explain import explain
from attnviz.api.look import look
from attnviz.render.reports.json_explanation import explanation_document
from tests.cli.by_hand import parse_document, recompute
from tests.cli.test_arithmetic import is_source
from tests.sources.reference import FOLDERS, MODELS, open_model

TEXT, TARGET = "the cat sat where the cat was", "a dog ran"
KINDS = [(folder, kind) for folder in FOLDERS for kind in open_model(folder).attentions]


def options(folder, kind):
    """Options of both the map and the explanation."""
    more = {} if kind == "self" else {"attention": kind}
    return {
        "model": str(MODELS / folder),
        **more,
        **({"target": TARGET} if kind in ("decoder", "cross") else {}),
    }


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_the_arithmetic_ends_in_the_weight_of_the_map(folder, kind):
    amap = look(TEXT, **options(folder, kind))
    last, query = amap.n_layer - 1, len(amap.queries) - 1
    last_key = min(query, len(amap.keys) - 1)
    for layer, head, key in ((0, 1, 0), (last, amap.n_head - 1, 1), (last, 0, last_key)):
        explanation = explain(
            TEXT, layer=layer, head=head, cell=(f"{query}", f"{key}"), **options(folder, kind)
        )
        cell = explanation.cell
        assert (cell.query_index, cell.key_index) == (query, key)
        lines = {line.label: line.value for line in cell.lines}
        assert lines["weight"] == pytest.approx(amap.weights[layer, head, query, key], abs=1e-6)
        if folder == "bert-relative-key":  # q·(k + a), with factors of three vectors
            assert cell.factors is None and np.isfinite(lines["score"])
            continue
        (_, first), (_, second) = cell.factors
        assert first @ second == pytest.approx(lines["score"], rel=1e-5, abs=1e-5)


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_every_line_follows_from_the_one_before(folder, kind):
    """Every line, evaluated with the numbers of the document, gives the value of the document."""
    explanation = explain(TEXT, layer=0, head=1, cell=("1", "0"), **options(folder, kind))
    cell = json.loads(explanation_document(explanation))["cell"]
    weight = recompute(parse_document(cell), is_source, tolerance=1e-5, of_weight=1e-5)
    assert weight == pytest.approx(explanation.cell.lines[-1].value, abs=1e-5)


@pytest.mark.parametrize(("folder", "kind"), KINDS)
def test_steps_hold_the_numbers_of_the_map(folder, kind):
    amap = look(TEXT, **options(folder, kind))
    last = amap.n_layer - 1
    explained = explain(TEXT, layer=last, head=1, **options(folder, kind))
    explanation = {step.name: step for step in explained.steps}
    weights = np.nan_to_num(explanation["weights"].numbers)
    assert np.abs(weights - amap.weights[last, 1]).max() <= 1e-6
    output = weights @ explanation["values"].numbers
    assert np.allclose(output, explanation["output"].numbers, atol=1e-5)
    rope = "rope" in explained.title  # some layers of some families have none
    assert ("rotated queries" in explanation and "rotated keys" in explanation) == rope
    assert "rotated" not in explanation["queries"].meaning
    if rope:
        rotated, queries = (explanation[n].numbers for n in ("rotated queries", "queries"))
        ratio = np.linalg.norm(rotated, axis=-1) / np.linalg.norm(queries, axis=-1)
        assert np.allclose(ratio, ratio[0], rtol=1e-4)
        assert ratio[0] == pytest.approx(1.0, rel=1e-4) or "yarn" in explained.title


@pytest.mark.parametrize(
    ("folder", "kind", "layer", "name", "says"),
    [
        ("bert", "self", 0, "embeddings", "token embeddings"),
        ("bert", "self", 1, "input", "output of layer 0"),
        ("gpt2", "self", 1, "input", "output of layer 0, normalized"),
        ("modernbert", "self", 0, "embeddings", "token embeddings"),
        ("olmo2", "self", 1, "input", "output of layer 0"),
        ("t5", "cross", 1, "context input", "output of the encoder"),
    ],
)
def test_the_description_of_the_input(folder, kind, layer, name, says):
    explanation = explain(TEXT, layer=layer, **options(folder, kind))
    found = [(step.name, step.meaning) for step in explanation.steps]
    assert found[2 if name.startswith("context") else 1] == (name, says)


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
def test_formulas_of_projections_have_their_biases_and_norms(folder, query, value):
    steps = {step.name: step for step in explain(TEXT, **options(folder, "self")).steps}
    assert steps["queries"].formula == f"q = {query}"
    assert steps["keys"].formula == f"k = {query.replace('Q', 'K')}"
    assert steps["values"].formula == f"v = {value}"


def test_an_added_bias_is_a_line_with_its_value():
    explanation = explain(TEXT, cell=("3", "1"), layer=1, **options("bloom", "self"))
    lines = {line.label: line for line in explanation.cell.lines}
    before, line, slope = lines["scaled"], lines["alibi"], lines["slope"]
    assert line.expression == f"{before.value:.6g} − 0.25 × |3 − 1|"
    assert (slope.expression, slope.value) == ("2^(−8 × 1 / 4)", 0.25)
    assert before.value - line.value == pytest.approx(2 * 2 ** (-8 / 4), abs=1e-6)


def test_disentangled_scores_show_all_their_products():
    explanation = explain(TEXT, cell=("2", "1"), **options("deberta-v2", "self"))
    (first, left), (second, _) = explanation.cell.factors
    assert (first, second) == ("q,q,k", "k,p,r")
    assert left.size == 3 * 8


def test_a_changed_model_is_explained_as_changed():
    explanation = explain(TEXT, cell=("2", "1"), variant="sparsemax", **options("bert", "self"))
    assert "modified: sparsemax" in explanation.title
    assert explanation.cell.lines[-1].expression.startswith("max(")
