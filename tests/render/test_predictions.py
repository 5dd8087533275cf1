"""Predictions in the terminal, tables, pages and documents, hostile tokens included."""

import json
from dataclasses import replace

import pytest

import attnviz
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import InvalidInputError
from attnviz.render.formats import find_format
from attnviz.render.prediction_texts import format_probability, prediction_lists, prediction_rows
from attnviz.render.safe_text import escape_token
from attnviz.render.style import Style
from attnviz.sources.external.json_document import read_document
from attnviz.sources.external.selection import Selection
from tests.cli.runner import run
from tests.conftest import HOSTILE, make_map
from tests.render.pages import html

MODEL = "tests/models/gpt2"
TEXT_FORMATS = ("table", "md", "tex")


def token(label, probability, token_id=7):
    return {
        "id": token_id,
        "piece": f"Ġ{label}",
        "label": label,
        "logit": -1.5,
        "probability": probability,
    }


def with_predictions(
    of="next token", labels=("x", "y"), positions=(0, 1), text="ab"
) -> AttentionMap:
    top = [token(label, 0.5 / (n + 1)) for n, label in enumerate(labels)]
    rows = [{"position": n, "token": text[n], "top": top} for n in positions]
    amap = make_map(text)
    return replace(amap, meta={**amap.meta, "predictions": {"of": of, "positions": rows}})


def rendered(amap, name, **style):
    output = find_format(name).render(amap, Style(**style))
    return output.decode() if isinstance(output, bytes) else str(output)


def test_of_next_tokens_the_last_is_shown_of_masked_tokens_all():
    assert [p.heading for p in prediction_lists(with_predictions())] == ['next token after "b"']
    masked = prediction_lists(with_predictions("masked token"))
    assert [p.heading for p in masked] == [
        "predictions for a (position 0)",
        "predictions for b (position 1)",
    ]
    assert masked[0].rows == (("x", "0.500"), ("y", "0.250"))
    assert prediction_lists(make_map("ab")) == []


def test_tokens_of_the_same_label_are_distinguished_without_marks_of_the_vocabulary():
    pieces = {1: "Ġx", 2: "x", 3: "▁y", 4: "▁▁y", 5: "z"}
    tops = [{**token(p.strip("Ġ▁"), 0.1, n), "piece": p} for n, p in pieces.items()]
    labels = [label for label, _ in prediction_rows(tops)]
    assert labels == ["␣x", "x", "␣y (id 3)", "␣y (id 4)", "z"]


def test_probabilities_have_three_decimals_or_the_requested_number():
    assert [format_probability(p) for p in (1.0, 0.0004, 0.0)] == ["1.000", "4.0e-04", "0.0e+00"]
    assert format_probability(0.123456, 5) == "0.12346"
    (found,) = prediction_lists(with_predictions(), digits=1)
    assert found.rows == (("x", "0.5"), ("y", "0.2"))


@pytest.mark.parametrize("name", TEXT_FORMATS)
def test_they_follow_the_tables(name):
    plain, full = rendered(make_map("ab"), name), rendered(with_predictions(), name)
    assert full.startswith(plain.rstrip("\n").rpartition("\n")[0])
    added = full[len(plain) :]
    assert "ext token after" in added and "0.500" in added and "0.250" in added


@pytest.mark.parametrize("label", HOSTILE)
@pytest.mark.parametrize("name", [*TEXT_FORMATS, "html"])
def test_hostile_tokens_are_escaped(name, label):
    amap = with_predictions(labels=(label,))
    text = html(amap, Style()).decode() if name == "html" else rendered(amap, name)
    for character in ("\x1b", "\u202e", "\x00"):
        assert character not in text
    assert "<script>alert" not in text
    assert prediction_lists(amap)[0].rows[0][0] == escape_token(label)


def test_lists_of_masked_tokens_stand_side_by_side():
    lines = rendered(with_predictions("masked token"), "table").splitlines()
    heading = next(line for line in lines if "position 0" in line)
    assert "position 1" in heading


@pytest.mark.parametrize("name", ["json", "npz", "safetensors", "parquet", "html"])
def test_they_read_back(name, tmp_path):
    amap, path = with_predictions(), tmp_path / f"a.{name}"
    attnviz.write(amap, path)
    assert attnviz.read(path).meta["predictions"] == amap.meta["predictions"]


@pytest.mark.parametrize(
    "change",
    [
        lambda p: p.pop("of"),
        lambda p: p.update(of="word"),
        lambda p: p.update(positions={}),
        lambda p: p["positions"][0].update(position=-1),
        lambda p: p["positions"][0].update(position=True),
        lambda p: p["positions"][0].update(token=3),
        lambda p: p["positions"][0].update(top=[3]),
        lambda p: p["positions"][0]["top"][0].pop("piece"),
        lambda p: p["positions"][0]["top"][0].update(id="7"),
        lambda p: p["positions"][0]["top"][0].update(probability=1.5),
        lambda p: p["positions"][0]["top"][0].update(logit="x"),
    ],
)
def test_other_forms_are_refused_when_read(change):
    document = json.loads(rendered(with_predictions(), "json"))
    assert read_document(json.dumps(document).encode(), Selection()) is not None
    change(document["meta"]["predictions"])
    with pytest.raises(InvalidInputError, match=r"meta\.predictions is .* `attnviz schema`"):
        read_document(json.dumps(document).encode(), Selection())


def comparison():
    options = {"model": MODEL, "predict": 2, "select_layers": 0, "select_heads": 0}
    return attnviz.compare("the cat", ablate="1.*", **options)


def test_a_comparison_names_the_map_of_each_list(tmp_path):
    amap = comparison()
    headings = [each.heading for each in prediction_lists(amap)]
    assert headings == [
        'original: next token after "cat"',
        'layer 1 ablated: next token after "cat"',
    ]
    path = tmp_path / "a.json"
    attnviz.write(amap, path)
    by_map = attnviz.read(path).meta["predictions_by_map"]
    assert by_map == amap.meta["predictions_by_map"]
    document = json.loads(path.read_text())
    document["meta"]["predictions_by_map"]["original"]["of"] = 3
    with pytest.raises(InvalidInputError, match=r"meta\.predictions_by_map is"):
        read_document(json.dumps(document).encode(), Selection())


def test_the_command_line_shows_them_and_refuses_pictures(tmp_path):
    done = run("the cat", "-m", MODEL, "--predict", "2", "--layer", "0", "--head", "0")
    assert done.status == 0 and 'next token after "cat"' in done.out
    done = run("the cat", "-m", MODEL, "--predict", "2", "-f", "json")
    assert len(json.loads(done.out)["meta"]["predictions"]["positions"]) == 2
    picture = str(tmp_path / "x.png")
    done = run("the cat", "-m", MODEL, "--predict", "2", "-o", picture)
    assert done.status == 2 and done.err.startswith(
        "error: --predict has no effect on png; it acts"
    )
    done = run(
        "the cat", "-m", MODEL, "--predict", "2", "-o", picture, "-o", str(tmp_path / "x.md")
    )
    assert done.status == 0
    done = run("the cat", "--predict", "2")
    assert (done.status, done.err) == (2, "error: --predict needs --model\n")
