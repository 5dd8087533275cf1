"""attnviz check: every rule finds its violation, and valid attention passes."""

import json

import numpy as np
import pytest

from tests.cli.runner import run

TOKENS = ["The", "cat\x1b[31m", "sat", "[PAD]"]


def rows(raw):
    raw = np.asarray(raw, dtype=float)
    return (raw / raw.sum(-1, keepdims=True)).tolist()


FREE = rows([[4, 3, 2, 0], [1, 5, 1, 0], [3, 2, 2, 0], [1, 1, 2, 0]])
CAUSAL = rows([[1, 0, 0, 0], [1, 3, 0, 0], [2, 1, 4, 0], [1, 5, 2, 0]])
TURNED = np.array(FREE).T.tolist()
EVEN = [CAUSAL[0], CAUSAL[1], [0.25] * 4, CAUSAL[3]]
NEAR = rows([[1, 0, 0, 0], [1, 3, 0, 0], [0, 1, 4, 0], [0, 0, 1, 0]])
PADDED = rows([[4, 3, 2, 1], [1, 5, 1, 0], [3, 2, 2, 0], [1, 1, 2, 0]])

# what is wrong, the same without it, how it is asked for, what is said
CASES = {
    "the mask is missing": (FREE, CAUSAL, ("--causal",), "weight 0.333333 on a future position"),
    "the window is missing": (CAUSAL, NEAR, ("--window", "2"), "window of 2"),
    "the map is transposed": (TURNED, FREE, ("--axes", "hqk"), "query and key axes swapped?"),
    "a row is the same over hidden keys": (
        EVEN,
        CAUSAL,
        ("--causal",),
        "including masked keys: fully masked row?",
    ),
    "padding is looked at": (PADDED, FREE, (), "→ key 3 ([PAD]): weight 0.1 on padding"),
    "a weight is negative": ([[2, -1, 0, 0]] * 4, FREE, (), "negative weight -1"),
    "a row does not sum to 1": ([[0.5, 0.4, 0, 0]] * 4, FREE, (), "row sum 0.9, should be 1"),
}


def check(weights, *words):
    document = json.dumps({"attention": [weights], "tokens": TOKENS})
    return run("check", "-", "--row-sum", "1", *words, stdin=document)


@pytest.mark.parametrize("name", CASES)
def test_every_violation_is_found(name):
    wrong, _, words, says = CASES[name]
    made = check(wrong, *words)
    assert made.status == 4
    assert says in made.out
    assert all(line.startswith("layer 0, head 0: ") for line in made.out.splitlines())
    assert "\x1b" not in made.out


@pytest.mark.parametrize("name", CASES)
def test_valid_attention_passes(name):
    _, right, words, _ = CASES[name]
    made = check(right, *words)
    assert made.status == 0, made.out
    assert made.out.count("\n") == 1 and made.out.startswith("OK: 1 layer × 1 head, 4 × 4: ")


def test_violations_are_data_too():
    made = check(FREE, "--causal", "--json")
    told = json.loads(made.out)
    assert made.status == 4 and told["checked"]["causal"] is True
    first = told["violations"][0]
    assert (first["rule"], first["layer"], first["head"]) == ("forbidden", 0, 0)
    assert first["tokens"] == [0, 1] and first["value"] == pytest.approx(1 / 3)
    clean = check(CAUSAL, "--causal", "--json")
    assert clean.status == 0 and json.loads(clean.out)["violations"] == []


def test_attnviz_files_state_their_row_sum():
    for variant in ("causal", "differential", "sigmoid"):
        made = run("The cat sat", "-v", variant, "--json")
        assert run("check", "-", stdin=made.data).status == 0
    strict = run("check", "-", "--row-sum", "1", stdin=made.data)
    assert strict.status == 4 and "should be 1" in strict.out


def test_row_sums_of_foreign_files_should_be_1_by_default():
    half = json.dumps([[0.25, 0.25], [0.5, 0.0]])
    assert run("check", "-", stdin=half).status == 4
    assert run("check", "-", "--row-sum", "at most 1", stdin=half).status == 0
    assert run("check", "-", "--tolerance", "0.5", stdin=half).status == 0
    negative = json.dumps([[2.0, -1.0], [0.5, 0.5]])
    assert run("check", "-", stdin=negative).status == 4
    assert run("check", "-", "--signed", stdin=negative).status == 0


def test_every_document_is_checked():
    made = run("-f", "jsonl", "-v", "causal", stdin="a b\nc d\n")
    assert run("check", "-", "--causal", stdin=made.data).out.count("OK: ") == 2


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("--row-sum", "2"), "unknown --row-sum '2'"),
        (("--window", "0"), "--window"),
        (("--document-end", "x"), "--document-end has no effect without --mask"),
    ],
)
def test_misuse_is_one_line(words, says):
    made = run("check", "-", *words, stdin="[[1]]")
    assert made.status == 2 and says in made.err


@pytest.fixture
def files(tmp_path):
    """Files of weights: one that passes, one with three violations in two heads."""
    good = np.tile(np.eye(3), (1, 2, 1, 1))
    bad = good.copy()
    bad[0, 0, 1] = [0.0, 0.9, 0.2]
    bad[0, 1, 1:] = [[0.0, 0.5, 0.0], [0.0, 0.0, 0.9]]
    np.save(tmp_path / "good.npy", good)
    np.save(tmp_path / "bad.npy", bad)
    return str(tmp_path / "good.npy"), str(tmp_path / "bad.npy")


def test_several_files_are_checked_and_violations_counted(files):
    good, bad = files
    made = run("check", good, bad, width=200)
    assert made.status == 4
    first, *lines = made.out.splitlines()
    assert first.startswith(f"{good}: OK: 1 layer × 2 heads, 3 × 3: ")
    assert [line.removeprefix(f"{bad}: ") for line in lines] == [
        "layer 0, head 1: query 1: row sum 0.5, should be 1 (+1 more)",
        "layer 0, head 0: query 1: row sum 1.1, should be 1",
    ]
    assert made.err.splitlines()[-1] == "FAIL: 3 violations of 1 rule in 2 heads"
    assert run("check", good, good, "--json").status == 0
    documents = [json.loads(line) for line in run("check", good, bad, "--json").out.splitlines()]
    assert [document["file"] for document in documents] == [good, bad]
    assert [v["count"] for v in documents[1]["violations"]] == [2, 1]
    assert documents[1]["violations"][0]["badness"] == pytest.approx(0.5)


def test_a_file_that_cannot_be_read_has_another_status_than_a_violation(files):
    assert run("check", files[1], "missing.npy").status == 1
    assert run("check", "-", "-", stdin="[[1]]").status == 2


def test_what_was_not_checked_is_stated(files):
    line = run("check", files[0], width=200).out
    assert line.rstrip().endswith(
        "no negative weights, rows sum to 1; not checked: masked keys (none known), "
        "padding (none known), causality, window"
    )
    line = run("check", files[0], "--causal", "--window", "2", "--row-sum", "any").out
    assert "not checked: row sums, masked keys (none known), padding (none known)\n" in line
    line = run("check", files[0], "--mask", "causal", width=200).out
    assert line.endswith("not checked: masked keys (none known), padding (none known)\n")


def test_texts_of_one_file_are_named_by_id():
    lines = "\n".join(json.dumps({"id": id, "attention": [[1.0]]}) for id in "xy")
    assert run("check", "-", stdin=lines).out.startswith("id x: OK: ")


PACKED = np.tril(np.ones((6, 6))) / np.arange(1, 7)[:, None]
TEXTS = ["a", "b", "</s>", "x", "y", "</s>"]
WITHIN = np.kron(np.eye(2), np.tril(np.ones((3, 3)) / [[1], [2], [3]]))


def check_file(weights, *words, **beside):
    document = json.dumps({"attention": weights.tolist(), **beside})
    return run("check", "-", *words, stdin=document)


@pytest.mark.parametrize(
    ("words", "beside"),
    [
        (("--document-end", "</s>"), {"tokens": TEXTS}),
        ((), {"tokens": TEXTS, "token_type_ids": [0, 0, 0, 1, 1, 1]}),
    ],
    ids=["separator", "token types"],
)
def test_texts_packed_into_one_sequence_do_not_leak(words, beside):
    words = (*words, "--mask", "causal & same-document")
    leaky = check_file(PACKED, *words, **beside)
    assert leaky.status == 4
    excluded = "weight 0.25 on a key that causal & same-document excludes (+8 more)"
    assert f"query 3 (x) → key 0 (a): {excluded}" in leaky.out
    clean = check_file(WITHIN, *words, **beside)
    assert clean.status == 0
    assert "no weight outside causal & same-document" in clean.out


@pytest.mark.parametrize(
    ("mask", "status"),
    [("causal", 0), ("full", 0), ("causal & window(5)", 4), ("causal | prefix(2)", 0)],
)
def test_any_mask_expression_can_be_required(mask, status):
    assert check_file(PACKED, "--mask", mask, tokens=TEXTS).status == status


def test_rows_of_nan_are_violations(tmp_path):
    weights = np.stack([PACKED, PACKED])
    weights[1, 4:] = np.nan
    np.save(tmp_path / "nan.npy", weights)
    made = run("check", str(tmp_path / "nan.npy"), "--axes", "hqk")
    assert made.status == 4
    assert made.out == "layer 0, head 1: query 4: the row is NaN (+1 more)\n"
    report = json.loads(run("check", str(tmp_path / "nan.npy"), "--axes", "hqk", "--json").out)
    assert report["violations"][0]["value"] is None
    assert run("render", str(tmp_path / "nan.npy"), "--axes", "hqk").status == 0


def test_padding_of_a_mask_is_what_check_judges_by():
    weights = np.full((5, 5), 0.2)
    beside = {"tokens": ["a", "b", "c", "</s>", "</s>"], "attention_mask": [1, 1, 1, 0, 0]}
    made = check_file(weights, **beside)
    assert made.status == 4 and "→ key 3 (</s>): weight 0.2 on padding (+9 more)" in made.out
    del beside["attention_mask"]
    assert check_file(weights, **beside).status == 0
    assert check_file(weights, "--attention-mask", "11100", **beside).status == 4


def test_a_document_end_that_is_not_there_is_misuse():
    words = ("--document-end", "[SEP]", "--mask", "same-document")
    made = check_file(PACKED, *words, tokens=TEXTS)
    assert made.status == 2 and "there is no such token among the keys" in made.err
