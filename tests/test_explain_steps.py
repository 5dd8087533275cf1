"""The steps of an explanation lead from one to the next: embeddings, projections, output."""

import json

import numpy as np
import pytest

from attnviz.api.explain import explain
from attnviz.core.scores import Score
from attnviz.core.variants import VARIANTS
from attnviz.errors import MisuseError
from tests.cli.runner import run

ROWS = list(VARIANTS.values())
PROJECTED = [row for row in ROWS if row.has_projections]
CONTEXT = {row.name: "le chat" if row.context == "required" else None for row in ROWS}


def numbers(explanation, map_number=None):
    """The numbers of each step by its name; masked pairs are 0."""
    suffix = "" if map_number is None else f" of map {map_number}"
    return {
        step.name.removesuffix(suffix): np.nan_to_num(step.numbers)
        for step in explanation.steps
        if step.numbers is not None
    }


def steps_of(row, layer=0, layers=1, head=0):
    """The steps of one head; None where the mechanism has no such layer."""
    try:
        return explain(
            "a dog ran", CONTEXT[row.name], layer=layer, head=head, variant=row, layers=layers
        )
    except MisuseError:
        return None


@pytest.mark.parametrize("row", PROJECTED, ids=lambda row: row.name)
def test_each_step_follows_from_the_ones_before(row):
    explanation = steps_of(row, head=row.heads.n_head - 1)
    names = [step.name for step in explanation.steps]
    maps = [n.rpartition(" ")[2] for n in names if n.startswith("queries of map")]
    step = numbers(explanation, maps[-1] if maps else None)
    for prefix in ("", "query ", "context "):
        if f"{prefix}positions" in step:
            parts = step[f"{prefix}token embeddings"], step[f"{prefix}positions"]
            assert np.array_equal(sum(parts), step[f"{prefix}embeddings"])
    x = step.get("query embeddings", step.get("embeddings"))
    c = step.get("context embeddings", x)
    projections = [(x, "W_Q", "queries"), (c, "W_K", "keys")]
    if row.mixer is not None or type(row.score).value_shapes is Score.value_shapes:
        projections.append((c, "W_V", "values"))
    for source, matrix, name in projections:
        assert np.allclose(source @ step[matrix], step[name], atol=1e-12), name
    assert len(projections) == 3 or "W_V" not in step
    output = step["weights"] @ step["values"]
    assert np.allclose(row.heads.normalize_output(output, 0), step["output"], atol=1e-12)
    after = step["layer output"]
    assert np.allclose(x + step["concatenation"] @ step["W_O"], after, atol=1e-12)
    width = step["output"].shape[-1]
    assert np.array_equal(step["concatenation"][:, -width:], step["output"])


@pytest.mark.parametrize("name", ["multihead", "differential", "alibi", "cross", "rope"])
def test_the_output_of_a_layer_is_the_input_of_the_next(name):
    row = next(row for row in ROWS if row.name == name)
    before = numbers(steps_of(row, layers=2))["layer output"]
    after = numbers(steps_of(row, layer=1, layers=2))
    assert np.allclose(before, after.get("query input", after.get("input")), atol=1e-12)


def test_heads_that_share_keys_and_values_show_their_matrices():
    step = numbers(explain("a b c", head=3, variant="grouped-query"))
    for name, vectors in (("K", "keys"), ("V", "values")):
        assert np.allclose(step["embeddings"] @ step[f"W_{name}"], step[vectors], atol=1e-12)


def test_the_maps_that_a_head_mixes_are_shown_one_by_one():
    explanation = explain("a b c", head=1, variant="differential", cell=("2", "0"))
    step = {s.name: s.numbers for s in explanation.steps}
    lines = {line.label: line.value for line in explanation.cell.lines}
    for n in (2, 3):  # head 1 is the difference of the maps 2 and 3
        assert lines[f"score of map {n}"] == step[f"scores of map {n}"][2, 0]
        assert lines[f"weight of map {n}"] == step[f"weights of map {n}"][2, 0]
    first, second = (np.nan_to_num(step[f"weights of map {n}"]) for n in (2, 3))
    assert np.allclose(first - lines["λ"] * second, np.nan_to_num(step["weights"]))


def test_parameters_of_the_mechanism_are_printed():
    explanation = explain("a b", variant="additive", dim=8, cell=("0", "1"))
    step = {s.name: s.numbers for s in explanation.steps}
    rows = {n: v for line in explanation.cell.lines if line.table for n, v in line.table.rows}
    assert np.allclose(step["parameter w_additive"] @ step["queries"][0], rows["Wq"])
    assert np.allclose(step["parameter u_additive"] @ step["keys"][1], rows["Uk"])
    assert np.allclose(step["parameter v_additive"][0], rows["v"])


def test_the_text_shows_the_first_rows_of_a_matrix_and_the_document_all():
    words = ("explain", "The cat", "--dim", "16", "--heads", "1")
    text = run(*words, width=80).out
    assert "W_Q  [16, 16]" in text and "8 more rows (all with --json)" in text
    lines = text.splitlines()
    assert max(map(len, lines)) <= 80
    assert "1. tokens" in lines and [line for line in lines if line != line.rstrip()] == []
    steps = {step["name"]: step for step in json.loads(run(*words, "--json").out)["steps"]}
    assert np.shape(steps["W_Q"]["numbers"]) == (16, 16)
