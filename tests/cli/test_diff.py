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


def test_a_head_that_changed_too_much_is_status_4(files):
    made = run("diff", files("a"), files("b"), "--max-js", "0.001", "-f", "csv")
    assert made.status == 4 and made.out.startswith("layer,head,query")
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
    (("a", "signed", "--max-js", "0.5"), "divergence needs non-negative rows"),
    (("a", "b", "--max-js", "2"), "--max-js 2 should be from 0 to 1 (bits)"),
    (("a", "b", "--atol", "-1"), "--atol -1 should be 0 or more"),
    (("a", "b", "--quiet"), "--quiet needs a limit"),
    (("a", "b", "--quiet", "--atol", "1", "--json"), "leave out --json"),
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
    assert worst.status == 4 and worst.err.startswith("FAIL: map ") and worst.err.count("\n") == 2
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
    assert failed.status == 4 and "FAIL: limits compare whole maps; the texts differ" in failed.err


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


@pytest.fixture
def rotated(tmp_path):
    """A map, and the same with one row of six rotated."""
    before = np.full((2, 3, 6, 6), 0.05)
    before[:, :, range(6), range(6)] = 0.75
    after = before.copy()
    after[1, 2, 4] = np.roll(after[1, 2, 4], 1)
    for name, weights in (("before", before), ("after", after)):
        np.save(tmp_path / f"{name}.npy", weights)
    return [str(tmp_path / f"{name}.npy") for name in ("before", "after")]


LIMITS = {  # beyond, within, where
    "--max-js": ("0.08", "0.09", "layer 1, head 2: JS 0.0884"),
    "--max-row-js": ("0.5", "0.6", "layer 1, head 2, query 4 (four): JS 0.5302"),
    "--max-abs": (
        "0.6",
        "0.8",
        "query 4 (four) → key 4 (four): |B − A| = 0.7 > --max-abs 0.6 (+1",
    ),
    "--atol": ("0.6", "0.8", "|B − A| = 0.7 > atol + rtol·|A| = 0.6 (+1 more)"),
    "--rtol": ("0.9", "15", "|B − A| = 0.7 > atol + rtol·|A| = 0.045 (+1 more)"),
}


@pytest.mark.parametrize("limit", LIMITS)
def test_each_limit_finds_the_row_that_changed(limit, rotated):
    beyond, within, where = LIMITS[limit]
    words = (
        "diff",
        *rotated,
        "--quiet",
        "--tokens",
        "zero one two three four five",
        "--axes",
        "lhqk",
    )
    made = run(*words, limit, beyond)
    assert (made.status, made.out) == (4, "") and made.err.count("\n") == 1
    assert "FAIL: layer 1, head 2" in made.err and where in made.err
    passed = run(*words, limit, within)
    assert (passed.status, passed.out, passed.err) == (0, "", "")


def test_one_row_of_six_is_within_the_mean_of_its_head(rotated):
    change = diff(*map(attnviz.read, rotated)).changes[0]
    assert (change.layer, change.head, change.query) == (1, 2, 4)
    assert change.row_divergence == pytest.approx(6 * change.divergence)
    result = diff(*map(attnviz.read, rotated), max_js=0.1, max_row_js=0.1, max_abs=0.1)
    assert [(e.name, e.tokens, e.count) for e in result.excesses] == [
        ("max_row_js", (4,), 1),
        ("max_abs", (4, 4), 2),
    ]
    assert "of one row up to 0.530" in " ".join(run("diff", *rotated, "--layer", "1").out.split())


def test_the_status_of_a_file_that_cannot_be_read_is_not_that_of_a_difference(rotated):
    assert run("diff", rotated[0], "missing.npy", "--atol", "0").status == 1
    assert run("diff", *rotated, "--atol", "0", "-f", "csv").status == 4
    assert run("diff", *rotated).status == 0


def test_quiet_still_writes_files(rotated, tmp_path):
    out = tmp_path / "d.json"
    made = run("diff", *rotated, "--quiet", "--max-abs", "1", "-o", str(out))
    assert (made.status, made.out) == (0, "") and out.stat().st_size > 100


def test_ids_of_pairs_are_the_same(tmp_path):
    lines = [json.dumps({"id": id, "attention": [[1.0]], "tokens": ["a"]}) for id in "xy"]
    for name, order in (("a", lines), ("b", lines[::-1])):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(order) + "\n")
    made = run("diff", str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl"))
    assert made.status == 2 and "map 1 has the id 'x' in one file and 'y' in another" in made.err


def test_many_maps_beyond_a_limit_are_counted(tmp_path):
    for name, weight in (("a", 0.5), ("b", 0.75)):
        lines = [json.dumps({"attention": [[weight, 1 - weight]] * 2})] * 25
        (tmp_path / f"{name}.jsonl").write_text("\n".join(lines) + "\n")
    files = str(tmp_path / "a.jsonl"), str(tmp_path / "b.jsonl")
    made = run("diff", *files, "--quiet", "--atol", "0.1")
    assert made.status == 4 and made.err.count("FAIL: map ") == 20
    assert "FAIL: 5 more, in 25 maps" in made.err
