"""attnviz compare with files: their maps side by side, and the differences from the first."""

import json

import numpy as np
import pytest

from tests.cli.runner import run

WEIGHTS = {
    "a": [[0.5, 0.5], [0.25, 0.75]],
    "b": [[0.5, 0.5], [0.75, 0.25]],
    "c": [[1.0, 0.0], [0.25, 0.75]],
}


@pytest.fixture
def files(tmp_path):
    for name, weights in WEIGHTS.items():
        document = {"attention": weights, "tokens": ["the", "cat"]}
        (tmp_path / f"{name}.json").write_text(json.dumps(document))
    return lambda *names: [str(tmp_path / f"{name}.json") for name in names]


def test_files_are_compared_with_the_first(files):
    made = json.loads(run("compare", *files("a", "b", "c"), "--json").out)
    names = [entry["name"] for entry in made["meta"]["comparison"]]
    assert names == ["a.json", "b.json", "c.json", "b.json − a.json", "c.json − a.json"]
    weights = np.array(made["weights"])[0]
    assert weights[:3].tolist() == list(WEIGHTS.values())
    assert np.array_equal(weights[3], weights[1] - weights[0])
    assert np.array_equal(weights[4], weights[2] - weights[0])
    assert made["meta"]["variant"] == "a.json vs. b.json vs. c.json"


def test_files_of_other_texts_share_tokens_two_at_a_time(files, tmp_path):
    longer = tmp_path / "d.json"
    longer.write_text(
        json.dumps({"attention": np.eye(3).tolist(), "tokens": ["the", "big", "cat"]})
    )
    made = run("compare", *files("a"), str(longer), "--json")
    assert "aligned by common tokens: 2 queries (of 2 and 3)" in made.err
    assert [token["label"] for token in json.loads(made.out)["keys"]] == ["the", "cat"]
    made = run("compare", *files("a", "b"), str(longer))
    assert made.status == 2 and "has another number of tokens" in made.err


def test_texts_of_files_are_compared_in_order(files, tmp_path):
    lines = [json.dumps({"id": id, "attention": WEIGHTS[id]}) for id in "ab"]
    for name, order in (("x", lines), ("y", lines), ("z", lines[::-1])):
        (tmp_path / f"{name}.jsonl").write_text("\n".join(order) + "\n")
    x, y, z = (str(tmp_path / f"{name}.jsonl") for name in "xyz")
    made = [json.loads(line) for line in run("compare", x, y, "-f", "jsonl").out.splitlines()]
    assert [document["weights"][0][0] for document in made] == [WEIGHTS["a"], WEIGHTS["b"]]
    assert "map 1 has the id 'a' in one file and 'b' in another" in run("compare", x, z).err


def test_files_of_one_name_are_named_by_their_folders(files, tmp_path):
    for folder in ("before", "after"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "a.json").write_text(json.dumps(WEIGHTS["a"]))
    made = run("compare", *(str(tmp_path / f / "a.json") for f in ("before", "after")))
    assert made.out.startswith("before/a.json vs. after/a.json\n")
    assert "same file is given twice" in run("compare", *files("a", "a")).err


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("-v", "causal"), "--variant has no effect on attention from files"),
        (("--model", "induction"), "--model has no effect on attention from files"),
        (("--seed", "1"), "--seed has no effect on attention from files"),
    ],
)
def test_options_of_sentences_have_no_effect_on_files(words, message, files):
    made = run("compare", *files("a", "b"), *words)
    assert made.status == 2 and message in made.err


def test_options_of_files_have_no_effect_on_sentences():
    made = run("compare", "a b", "-v", "causal", "-v", "full", "--axes", "qk")
    assert made.status == 2 and "--axes has no effect on sentences" in made.err
