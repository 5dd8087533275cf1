"""attnviz effect: table, data formats and figures, and what is refused."""

from __future__ import annotations

import csv
import io
import json
import re

import numpy as np
import pytest

import attnviz
from attnviz.api.head_facts import effect_measures
from attnviz.cli.output.head_reports import WRITERS
from attnviz.errors import InvalidInputError, MisuseError
from tests.cli.runner import run
from tests.sources.reference import MODELS

TEXT = "apple river seven clock apple river seven"
MODEL = ("-m", "induction")


def test_the_table_ranks_heads_and_states_what_its_effects_measure():
    made = run("effect", TEXT, *MODEL, "--top", "3", width=400)
    assert (made.status, made.err) == (0, "")
    lines = made.out.splitlines()
    assert "next token after 'seven' (position 11): 'clock', probability 0.98" in lines[1]
    assert "effects are those of this text and this prediction" in lines[1]
    rows = attnviz.effect(TEXT, model="induction").ranked()[:3]
    for line, row in zip(lines[3:6], rows, strict=True):
        assert line.split()[0] == f"{row['layer']}.{row['head']}"
        assert line.split()[1] == f"{row['measures']['KL']:.3f}"


def test_json_has_the_prediction_and_all_heads():
    document = json.loads(run("effect", TEXT, *MODEL, "--replace", "uniform", "--json").out)
    effects = attnviz.effect(TEXT, model="induction", replace="uniform")
    assert document["heads"] == effects.ranked()
    assert document["prediction"] == effects.prediction and document["token"] == effects.token
    assert document["replacement"] == "uniform"
    assert list(document["measures"]) == list(effects.values)


def test_csv_has_a_row_per_head():
    made = run("effect", TEXT, *MODEL, "-f", "csv", "--sort", "direct-effect", "--top", "2")
    rows = list(csv.DictReader(io.StringIO(made.out)))
    expected = attnviz.effect(TEXT, model="induction").ranked("direct effect")[:2]
    assert [list(row) for row in rows] == 2 * [["layer", "head", "name", *expected[0]["measures"]]]
    for row, head in zip(rows, expected, strict=True):
        for name, value in head["measures"].items():
            assert float(row[name]) == pytest.approx(value, rel=1e-8)


@pytest.mark.parametrize("name", [name for name in WRITERS if name not in ("table", "json")])
def test_every_format(name, tmp_path):
    path = tmp_path / f"effects.{name}"
    made = run("effect", TEXT, *MODEL, "-o", str(path))
    assert made.status == 0, made.err
    assert path.stat().st_size > 200


def test_a_page_ranks_heads_by_their_effects_and_has_the_logit_lens(tmp_path):
    """Another format keeps the effects; heads that a selection leaves have theirs."""
    page, back = tmp_path / "effects.html", tmp_path / "back.json"
    made = run("effect", TEXT, *MODEL, "--lens", "-o", str(page))
    assert made.status == 0, made.err
    effects = attnviz.effect(TEXT, model="induction", lens=True)
    data = page_data(page.read_bytes())
    (record,), first = data["maps"], (data["start"]["layer"], data["start"]["head"])
    kl = effects.values["KL"]
    assert first == np.unravel_index(kl.argmax(), kl.shape) != (0, 0)
    names = [row["name"] for row in record["measures"]]
    assert names[: len(effects.values)] == list(effects.values)
    for row in record["measures"][: len(effects.values)]:
        assert np.allclose(row["values"], effects.values[row["name"]], atol=1e-5)
        assert row["signed"] == (row["name"] in ("logit change", "direct effect"))
        assert "next token after 'seven'" in row["note"] and "this prediction" in row["note"]
    assert record["logit_lens"]["layers"] == [row["layer"] for row in effects.lens]
    assert record["logit_lens"]["rows"][-1][2] == effects.lens[-1]["top"]
    assert run("render", str(page), "--layer", "1", "-o", str(back)).status == 0
    again = attnviz.read(back)
    (measure, *_) = effect_measures(again)
    assert np.allclose(measure.values, effects.values["KL"][1:], atol=1e-9)
    assert effect_measures(attnviz.reduce(again, "heads:mean")) == ()


def page_data(page):
    """The data of a page."""
    return json.loads(re.search(rb'id="data">([^<]*)<', page)[1])


@pytest.mark.parametrize(
    "effects",
    [
        7,
        {"notes": "a", "measures": []},
        {"notes": [], "measures": [{"name": "KL"}]},
        {"notes": [], "measures": [], "logit_lens": {"title": "", "columns": ["a"], "rows": [[]]}},
    ],
)
def test_effects_of_a_file_that_are_none_are_refused(effects):
    document = json.loads(run("show", "a b", "--json").out)
    document["meta"]["effects"] = effects
    with pytest.raises(InvalidInputError, match=r"meta\.effects is .* it should be"):
        attnviz.read(json.dumps(document).encode())


def test_effects_are_added_to_the_map_of_their_text_alone():
    effects = attnviz.effect(TEXT, model="induction")
    with pytest.raises(MisuseError, match="another text"):
        attnviz.add_effects(attnviz.look("a b", model="induction"), effects)


def test_sentence_vectors_of_an_encoder():
    made = run("effect", "the cat sat", "-m", str(MODELS / "bert"), width=400)
    assert made.status == 0, made.err
    assert "no prediction: sentence vectors" in made.out
    assert made.out.splitlines()[2].split() == ["head", "cosine", "distance"]


def test_top_is_of_tables_and_data_and_stated(tmp_path):
    path = tmp_path / "effects"
    files = [str(path.with_suffix(suffix)) for suffix in (".json", ".svg")]
    made = run("effect", TEXT, *MODEL, "--top", "2", "-o", "-", *words_of(files), width=400)
    assert "2 of 8 heads, others with --top" in made.out
    assert len(json.loads(path.with_suffix(".json").read_bytes())["heads"]) == 2
    whole = tmp_path / "all.svg"
    run("effect", TEXT, *MODEL, "-o", str(whole))
    assert n_cells(path.with_suffix(".svg")) == n_cells(whole) > 3 * 8
    twice = run("effect", TEXT, *MODEL, *words_of([files[0], files[0]]))
    assert twice.status == 2 and twice.err.count("\n") == 1


def words_of(files):
    return [word for file in files for word in ("-o", file)]


def n_cells(svg):
    """The number of texts of a figure, which prints a number in each cell."""
    return svg.read_text().count("<text ")


def test_the_logit_lens_ends_with_the_prediction():
    document = json.loads(run("effect", TEXT, *MODEL, "--lens", "--json").out)
    assert [row["layer"] for row in document["logit_lens"]] == [-1, 0, 1]
    last = document["logit_lens"][-1]
    assert last["top"] == document["token"]["label"] and last["kl"] < 1e-9
    assert last["probability"] == pytest.approx(document["token"]["probability"])
    table = run("effect", TEXT, *MODEL, "--lens", width=100).out
    lines = [line.split() for line in table.splitlines()]
    probability = f"{last['probability']:.3f}"
    assert ["1", "0.000", "clock", probability, probability] in lines
    assert "logit_lens" not in json.loads(run("effect", TEXT, *MODEL, "--json").out)


@pytest.mark.parametrize(
    ("folder", "reason"),
    [
        ("gemma2", "normalizes the output of attention"),
        ("opt-post", "normalizes the residual stream"),
        ("bart", "normalizes the residual stream"),
        ("cohere", None),
    ],
)
def test_why_there_is_no_direct_effect(folder, reason):
    target = ("--target", "a dog") if folder == "bart" else ()
    made = run("effect", "the cat", "-m", str(MODELS / folder), *target, width=400)
    assert made.status == 0, made.err
    assert ("no direct effect: " in made.out) == (reason is not None)
    assert (reason or "direct effect") in made.out


def test_progress_on_a_terminal():
    made = run("effect", TEXT, *MODEL, tty=True)
    assert made.status == 0 and "12/12" in made.err
    assert run("effect", TEXT, *MODEL).err == ""


def test_ctrl_c_ends_the_run(monkeypatch):
    def interrupt(*arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr("attnviz.sources.model.ablation_runs.run_copies", interrupt)
    made = run("effect", TEXT, *MODEL)
    assert made.status == 130 and made.out == ""


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ((TEXT,), "effect needs --model"),
        ((TEXT, *MODEL, "--sort", "kll"), "unknown order 'kll'"),
        ((TEXT, *MODEL, "--sort", "cosine"), "--sort 'cosine' is not defined"),
        ((TEXT, *MODEL, "--replace", "men"), "unknown replacement 'men'"),
        ((TEXT, *MODEL, "--token", "xyzzy"), "--token 'xyzzy' is no single token"),
        ((TEXT, *MODEL, "--token", ""), "--token '' is no single token"),
        ((TEXT, *MODEL, "--top", "0"), "--top 0 must be at least 1"),
        ((TEXT, *MODEL, "-f", "md"), "effects cannot be written as md"),
        (
            ("--input", "-", *MODEL, "-f", "html"),
            "a page shows the effects on one text",
        ),
        (
            ("--input", "a.txt", *MODEL, "-o", "a b.jsonl"),
            "the mean over several texts is one JSON document, not JSON Lines: -o 'a b.json'",
        ),
        ((TEXT, *MODEL, "-f", "html", "--sort", "kl"), "--sort has no effect on html"),
        ((TEXT, *MODEL, "-o", "{n}.png"), "effects are written to one file"),
        ((TEXT, "-m", str(MODELS / "bert"), "--lens"), "--lens has no effect on"),
        ((TEXT, *MODEL, "--lens", "-f", "csv"), "--lens has no effect on csv"),
        ((TEXT, *MODEL, "--title", "A"), "--title has no effect on table"),
        ((TEXT, *MODEL, "-o", "a.png", "--sort", "layer"), "--sort has no effect on png"),
    ],
    ids=lambda words: " ".join(words[1:]) if isinstance(words, tuple) else "",
)
def test_refused(words, message):
    made = run("effect", *words)
    assert made.status == 2 and made.out == ""
    assert message in made.err and made.err.count("\n") == 1


def test_a_refusal_on_a_terminal_has_no_progress_bar():
    refused = run("effect", "a b", tty=True)
    assert refused.status == 2 and refused.err.startswith("error: ") and "\x1b" not in refused.err
