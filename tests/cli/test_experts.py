"""attnviz models --experts: the experts of each token as table, JSON and CSV; refusals."""

import csv
import json
import re

import pytest

import attnviz
from attnviz.errors import MisuseError
from attnviz.sources.model import run_model
from tests.cli.runner import run
from tests.sources.reference import MODELS

QWEN, MIXTRAL = str(MODELS / "qwen2_moe"), str(MODELS / "mixtral")
TEXT = "the cat sat"


def test_table_json_and_csv_have_the_same_experts():
    facts = attnviz.expert_choices(TEXT, model=QWEN)
    assert facts["experts"] == {"count": 5, "per_token": 2}
    assert [record["layer"] for record in facts["routing"]] == [0, 2]  # layer 1 is dense
    assert json.loads(run("models", QWEN, "--experts", TEXT, "--json").out) == facts
    rows = list(csv.DictReader(run("models", QWEN, "--experts", TEXT, "--csv").out.splitlines()))
    assert len(rows) == 2 * 3 * 2
    table = run("models", QWEN, "--experts", TEXT)
    assert (table.status, table.err) == (0, "")
    assert "5 experts in each layer · 2 per token" in table.out
    for row in rows:
        record = next(r for r in facts["routing"] if r["layer"] == int(row["layer"]))
        token, rank = int(row["token_index"]), int(row["rank"])
        assert row["token"] == facts["tokens"][token] == TEXT.split()[token]
        assert int(row["expert"]) == record["experts"][token][rank]
        assert float(row["weight"]) == record["weights"][token][rank]
        assert f"{row['expert']} ({float(row['weight']):.2f})" in table.out


def test_layers_are_selected_and_the_last_one_ends_the_run():
    whole = attnviz.expert_choices(TEXT, model=MIXTRAL)
    (first,) = json.loads(run("models", MIXTRAL, "--experts", TEXT, "--layer", "0", "--json").out)[
        "routing"
    ]
    assert first == whole["routing"][0]
    assert sum(first["weights"][0]) == pytest.approx(1, abs=1e-5)


def test_several_sentences_from_standard_input():
    finished = run("models", MIXTRAL, "--experts", "-", "--json", stdin=b"the cat\nsat\n")
    documents = [json.loads(line) for line in finished.out.splitlines()]
    assert [document["text"] for document in documents] == ["the cat", "sat"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--experts", TEXT], "--experts needs a MODEL"),
        ([MIXTRAL, "--layer", "0"], "--layer needs --experts TEXT"),
        ([MIXTRAL, "--csv"], "--csv needs --experts TEXT"),
        ([MIXTRAL, "--experts", TEXT, "--csv", "--json"], "give either --csv or --json, not both"),
        ([MIXTRAL, "--experts", TEXT, "--layer", "x"], "--layer 'x' must be a list"),
        ([QWEN, "--experts", TEXT, "--layer", "1"], "layer 1 has no experts; layers 0, 2 have"),
        ([str(MODELS / "bert"), "--experts", TEXT], "(bert) has no experts; attnviz models"),
    ],
)
def test_what_has_no_effect_is_refused(words, message):
    finished = run("models", *words)
    assert (finished.status, finished.out) == (2, "")
    assert message in finished.err and finished.err.count("\n") == 1


def test_maps_have_the_experts_in_their_metadata(monkeypatch):
    facts = attnviz.expert_choices(TEXT, model=QWEN)
    amap = attnviz.look(TEXT, model=QWEN)
    assert amap.meta["experts"] == {**facts["experts"], "routing": facts["routing"]}
    assert "experts" not in attnviz.look(TEXT, model=str(MODELS / "qwen2")).meta
    assert (
        attnviz.look(TEXT, model=QWEN, select_layers=[0]).meta["experts"]["routing"]
        == (facts["routing"][:1])
    )
    monkeypatch.setattr(run_model, "MAX_CHOICES", 3 * 3 * 2 - 1)
    assert attnviz.look(TEXT, model=QWEN).meta["experts"] == facts["experts"]


def test_interventions_change_the_experts():
    one, other = (
        attnviz.expert_choices("the old cat sat on the mat", model=MIXTRAL, **options)
        for options in ({}, {"ablate": "0.*"})
    )
    assert one["routing"] != other["routing"]
    with pytest.raises(MisuseError, match="has no effect on layer 1: layer 0 is the last to run"):
        attnviz.expert_choices(TEXT, model=MIXTRAL, layers=[0], ablate="1.0")


def test_models_states_the_experts():
    assert (
        "experts         5 and a shared one, 2 per token, in layers 0, 2"
        in run("models", QWEN).out
    )
    assert re.search("^experts +5, 2 per token *$", run("models", MIXTRAL).out, re.MULTILINE)
    assert "experts" not in run("models", str(MODELS / "qwen2")).out
