"""attnviz diff: the difference of two attention files, and --max-js as a regression test."""

import json
from itertools import pairwise

import numpy as np
import pytest

import attnviz
from attnviz.api.diff import diff
from attnviz.render.formats import FORMATS
from tests.cli.runner import run

SENTENCE = "The cat sat on the mat"


@pytest.fixture
def files(tmp_path):
    """Maps of two mechanisms, of another text, and of weights below zero."""
    rows = {
        "a": (SENTENCE, "-v", "causal", "--heads", "2"),
        "b": (SENTENCE, "-v", "causal", "--heads", "2", "--temperature", "0.5"),
        "c": ("The big cat sat on a mat", "-v", "causal", "--heads", "2"),
        "other": ("nothing of this", "-v", "causal", "--heads", "2"),
        "signed": (SENTENCE, "-v", "differential", "--heads", "2"),
        "four": (SENTENCE,),
    }
    for name, words in rows.items():
        assert run(*words, "-o", str(tmp_path / f"{name}.json")).status == 0
    return lambda name: str(tmp_path / f"{name}.json")


def test_a_difference_is_signed_and_exact(files):
    made = json.loads(run("diff", files("a"), files("b"), "--json").out)
    first, second = (attnviz.read(files(name)).weights.astype(float) for name in "ab")
    assert np.allclose(made["weights"], second - first, atol=1e-7)
    assert made["meta"]["signed"] and made["meta"]["after"] == "b.json"
    order = [row["divergence"] for row in made["meta"]["most_changed"]]
    assert all(more >= less for more, less in pairwise(order)) and 0 < order[0] < 1
    assert order[0] == np.max(made["meta"]["divergence"])


def test_captions_state_the_change_of_each_head(files):
    made = run("diff", files("a"), files("b"))
    assert made.out.count("largest increase ") == 2 == made.out.count("largest decrease ")
    assert "largest change: layer 0 · head" in " ".join(made.out.split())


@pytest.mark.parametrize("row", FORMATS, ids=lambda row: row.name)
def test_a_difference_can_be_written_in_every_format(row, files, tmp_path):
    if row.name == "table":
        assert "+0." in run("diff", files("a"), files("b"), "-f", "table").out
        return
    out = tmp_path / f"d{row.suffixes[0]}"
    assert run("diff", files("a"), files("b"), "-o", str(out)).status == 0
    assert out.stat().st_size > 100


def test_the_same_file_changed_nothing(files):
    made = run("diff", files("a"), files("a"), "--max-js", "0")
    assert (made.status, made.err) == (0, "")
    assert "identical" in made.out and "largest change: none" in made.out


def test_a_head_that_changed_too_much_is_status_1(files):
    made = run("diff", files("a"), files("b"), "--max-js", "0.001", "-f", "csv")
    assert made.status == 1 and made.out.startswith("layer,head,query")
    assert made.err.count("\n") == 1
    assert "layer 0, head" in made.err and "> --max-js 0.001" in made.err
    assert run("diff", files("a"), files("b"), "--max-js", "1").status == 0


def test_different_texts_are_aligned_with_a_note(files):
    made = run("diff", files("a"), files("c"), "--json")
    assert made.status == 0
    assert (
        "note: texts differ; aligned by common tokens: 5 queries (of 6 and 7), 5 keys (of 6 and 7)"
        in made.err
    )
    labels = [token["label"] for token in json.loads(made.out)["queries"]]
    assert labels == ["The", "cat", "sat", "on", "mat"]


REFUSED = [
    (("a", "other"), "the two texts share no token"),
    (("a", "four"), "different numbers of heads (2 and 4)"),
    (("a", "signed", "--max-js", "0.5"), "--max-js needs non-negative rows that sum to at most 1"),
    (("a", "b", "--max-js", "2"), "--max-js"),
]


@pytest.mark.parametrize(("words", "says"), REFUSED, ids=str)
def test_incompatible_maps_are_refused(words, says, files):
    made = run("diff", files(words[0]), files(words[1]), *words[2:])
    assert made.status == 2 and says in " ".join(made.err.split())


def test_signed_maps_are_shown_without_a_divergence(files):
    made = run("diff", files("a"), files("signed"))
    assert made.status == 0 and "divergence not computed" in made.err
    assert "JS" not in made.out and "largest increase" in made.out


def test_heads_can_be_chosen_on_both_sides(files):
    made = run("diff", files("four"), files("a"), "--head", "1", "--json")
    assert json.loads(made.out)["heads"] == [1]


def test_suites_are_compared_one_by_one(tmp_path):
    before, after = tmp_path / "a.jsonl", tmp_path / "b.jsonl"
    before.write_bytes(run("-f", "jsonl", stdin="The cat sat\nHe saw it\n").data)
    after.write_bytes(run("-f", "jsonl", "--seed", "1", stdin="The cat sat\nHe saw it\n").data)
    words = ("diff", str(before), str(after), "-f", "jsonl")
    assert len(run(*words).out.splitlines()) == 2
    worst = run(*words, "--max-js", "0")
    assert worst.status == 1 and worst.err.startswith("FAIL: map ") and worst.err.count("\n") == 1
    after.write_bytes(after.read_bytes().splitlines(keepends=True)[0])
    made = run(*words)
    assert made.status == 2 and "more maps than the other" in made.err


def test_a_pipe_is_read_once(files):
    made = run("diff", "-", "-", stdin="x")
    assert made.status == 2 and "can be read once" in made.err
    with open(files("a"), "rb") as file:  # noqa: PTH123
        assert run("diff", "-", files("a"), stdin=file.read()).status == 0


def test_tokens_of_one_side_serve_for_both():
    named = attnviz.look("The cat sat")
    bare = attnviz.read(named.weights)
    for found in (diff(named, bare), diff(bare, named)):
        assert found.amap.queries == named.queries and found.notes == []
        assert found.changes[0].divergence == 0


def test_notes_name_their_file_once(tmp_path):
    for name in ("a.npy", "b.npy"):
        np.save(tmp_path / name, np.full((2, 3, 4, 4), 0.25))
    made = run("diff", str(tmp_path / "a.npy"), str(tmp_path / "b.npy"), "-f", "csv")
    lines = [line for line in made.err.splitlines() if "--axes" in line]
    assert [line.split(":")[1].strip() for line in lines] == ["a.npy", "b.npy"]
    assert len(set(made.err.splitlines())) == len(made.err.splitlines())


def test_a_limit_is_exceeded_where_the_texts_differ(tmp_path):
    for name, text in (("a", "The cat sat"), ("b", "The")):
        assert run(text, "-v", "causal", "-o", str(tmp_path / f"{name}.json")).status == 0
    files = [str(tmp_path / f"{name}.json") for name in "ab"]
    assert run("diff", *files).status == 0
    failed = run("diff", *files, "--max-js", "0.05")
    assert (
        failed.status == 1 and "FAIL: --max-js compares whole maps; the texts differ" in failed.err
    )


def test_the_title_names_the_settings_that_differ(tmp_path):
    plain, warm = tmp_path / "a.json", tmp_path / "b.json"
    assert run("The cat sat", "-o", str(plain)).status == 0
    assert run("The cat sat", "--temperature", "0.5", "-o", str(warm)).status == 0
    for files, title in (
        ((plain, warm), "b.json (temperature 0.5) − a.json"),
        ((warm, plain), "a.json − b.json (temperature 0.5)"),
        ((warm, warm), "b.json − b.json"),
    ):
        assert run("diff", *map(str, files)).out.startswith(f"{title}\n")
