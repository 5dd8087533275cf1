"""The catalogue on the command line: every row runs and is described; masks; comparisons."""

import json
import re
from textwrap import wrap

import numpy as np
import pytest
from rich.cells import cell_len

from attnviz.core.tunables import tunable_values
from attnviz.core.variants import CLASSICS, VARIANTS
from tests.cli.runner import run
from tests.docs.catalogue import CATALOGUE, catalogue

ROWS = list(VARIANTS.values())
by_name = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.name)
SENTENCE = "The cat sat on the mat"


def words_for(row):
    return ("-c", "Le chat dort bien", SENTENCE) if row.context == "required" else (SENTENCE,)


def settings_of(row):
    """Every tunable of a row, set to the value that it has."""
    return [
        f"--set={name}={value}"
        for name, value in tunable_values(row.slots).items()
        if value is not None and not isinstance(value, tuple)
    ]


@by_name
def test_every_row_is_shown_as_json_with_its_tunables_and_as_table(row):
    result = run(*words_for(row), "-v", row.name, *settings_of(row), "--json")
    assert (result.status, result.err) == (0, "")
    document = json.loads(result.out)
    assert document["meta"]["row_sum"] == row.row_sum
    sums = np.array(document["weights"]).sum(-1)
    if row.row_sum == "1":
        hidden = np.array(document["hidden"] or np.zeros_like(document["weights"]), dtype=bool)
        assert np.allclose(sums[~hidden.all(-1)], 1, atol=1e-5)
    shown = run(*words_for(row), "-v", row.name)
    assert (shown.status, shown.err) == (0, "")
    table = shown.out
    assert row.name in table
    assert ("∅" in table) == (row.row_sum == "at most 1" and row.name != "cog")  # Σ|w| of cog is 1
    assert ("Σ" in table.replace("Σ", "", 0)) == (row.row_sum == "any") or "Σ" in row.formula


@by_name
def test_every_row_is_described_with_a_computed_example(row):
    result = run("variants", row.name, width=100)
    assert (result.status, result.err) == (0, "")
    labels = ("formula:", "row sum:", "pipeline:", "purpose:", "cost per head:", "example:")
    for label in (*labels, "The"):
        assert label in result.out
    assert f"causal: {'yes' if row.is_causal else 'no'}" in re.sub(" +", " ", result.out)


def test_the_list_has_every_row_at_every_width():
    for width in (60, 80, 160):
        listed = run("variants", width=width).out
        assert all(row.name in listed for row in ROWS)
        assert max(map(cell_len, listed.splitlines())) <= width
    data = json.loads(run("variants", "--json").out)
    assert [row["name"] for row in data] == [row.name for row in ROWS]


def test_the_list_starts_with_the_classics_and_names_each_row_once():
    listed = run("variants", width=160).out
    names = [line.split()[0] for line in listed.splitlines() if line[:1].isalpha()]
    first = names.index("classics") + 2  # the title, then the header of its table
    assert tuple(names[first : first + len(CLASSICS)]) == CLASSICS
    groups = {row.group for row in ROWS}
    assert all(names.count(row.name) == 1 + (row.name in groups) for row in ROWS)
    assert f"{len(ROWS)} mechanisms. Details: attnviz variants NAME" in listed


@pytest.mark.parametrize(
    ("word", "names"),
    [
        ("sparsity", {"sparsegen"}),
        ("Swin-", {"swin-shifted", "swin", "scaled-cosine"}),
        ("recurrent", {row.name for row in ROWS if row.group == "recurrent"}),
    ],
)
def test_a_word_that_is_no_name_filters_the_list(word, names):
    rows = json.loads(run("variants", word, "--json").out)
    assert {row["name"] for row in rows} == names
    listed = run("variants", word, width=80).out
    assert all(name in listed for name in names)
    assert f"{len(names)} mechanism" in listed and "classics" not in listed


def test_a_name_that_is_also_a_group_lists_the_others_of_the_group():
    listed = run("variants", "linear", width=300).out
    assert "also in group linear: efficient, performer, cosformer" in listed
    assert "also in group" not in run("variants", "performer").out


@pytest.mark.parametrize("words", [("variants",), ("a b", "-v")], ids=lambda words: words[0])
@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("qqqqq", "search with: attnviz variants WORD"),
        ("", "search with: attnviz variants WORD"),
        ("q" * 500, "search with: attnviz variants WORD"),
        ("dto", "Did you mean 'dot'"),
        ("linaer-attention", "'linear-attention'"),
    ],
)
def test_an_unknown_name_costs_at_most_six_lines(words, name, hint):
    result = run(*words, name)
    assert (result.status, result.out) == (2, "")
    assert "unknown variant" in result.err and hint in result.err
    assert sum(len(wrap(line, 80)) for line in result.err.splitlines()) <= 6


def test_the_catalogue_file_is_up_to_date():
    assert CATALOGUE.read_text() == catalogue(), "run: python -m tests.docs.catalogue"


def test_a_composition_is_in_title_metadata_and_explanation():
    words = (
        "--mask",
        "causal & (window(8) | sinks(2))",
        "--temperature",
        "0.7",
        "--softcap",
        "30",
    )
    words += ("--score", "additive", "--normalize", "entmax15", "--bias", "alibi")
    words += ("--positions", "rope", "--kv-heads", "2")
    result = run(SENTENCE, "-v", "multihead", *words, width=160)
    assert (result.status, result.err) == (0, "")
    algebra = json.loads(run(SENTENCE, "-v", "multihead", *words, "--json").out)["meta"]["algebra"]
    for part in ("additive", "entmax", "alibi", "rope", "2 KV heads", "temperature(0.7)"):
        assert part in algebra
    assert algebra in result.out and "temperature 0.7" in result.out.splitlines()[0]
    assert algebra in run("explain", SENTENCE, "-v", "multihead", *words, width=300).out


def test_a_mask_is_drawn_with_its_density():
    result = run("mask", "window(3) & (causal | window(1))", SENTENCE)
    assert "15 of 36 pairs allowed, 41.7%" in result.out
    assert "█ allowed   · masked" in result.out
    assert not re.search(r"1\.00|Σ|scale|layer 0 · head 0\n[^\n]*weight", result.out)
    document = json.loads(run("mask", "causal", "--size", "9", "--json").out)
    assert np.array_equal(document["weights"][0][0], np.tril(np.ones((9, 9))))
    assert document["meta"]["density"] == 45 / 81


@pytest.mark.parametrize("view", ["matrix", "overview"])
@pytest.mark.parametrize("color", ["never", "always"])
def test_a_mask_has_two_classes_of_cells_and_no_scale(view, color, tmp_path):
    out = tmp_path / "mask.svg"
    words = ("mask", "causal & window(2)", SENTENCE, "--heads", "2", "--view", view)
    assert run(*words, "-o", str(out)).status == 0
    drawn = re.sub(r"<(metadata|style).*?</\1>", "", out.read_text(encoding="utf-8"), flags=re.S)
    texts = re.findall(r"<text[^>]*>([^<]*)</text>", drawn)
    assert {"allowed", "masked", "22 of 72 pairs allowed, 30.6%"} <= set(texts)
    printed = run(*words, "--color", color).out
    for text in (*texts, re.sub(r"\x1b\[[\d;]*m", "", printed)):
        assert not re.search(r"\d\.\d\d|weight|Σ|scale|blank", text)
    assert "allowed" in printed and "masked" in printed


def test_heads_of_a_mask_are_selected():
    document = json.loads(
        run("mask", "causal", "a b", "--heads", "3", "--head", "1", "--json").out
    )
    assert document["heads"] == [1] and document["meta"]["variant"] == "mask causal"
    assert "3 of 4 pairs" in document["meta"]["algebra"]
    last = json.loads(run("mask", "causal", "a b", "--heads", "3", "--head", "-1", "--json").out)
    assert last["heads"] == [2]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("mask", "causal", "a b", "--view", "rows"), "a mask has auto, matrix, overview"),
        (("mask", "causal", "a b", "--head", "1"), "there is no head 1"),
        (("mask", "causal", "a b", "--heads", "2", "--head", "mean"), "are not combined"),
        (("mask", "causal", "a b", "--layer", "0"), "No such option: --layer"),
        (("mask", "causal", "a b", "--vmax", "2"), "No such option: --vmax"),
        (("mask", "causal", "a b", "--annotate"), "No such option: --annotate"),
        (("mask", "causal"), "a text or --size"),
        (("mask", "causal", "a b", "--size", "3"), "a text or --size"),
        (("mask", "causal", "--size", "0"), "should be between 1 and"),
        (("mask", "casual", "--size", "3"), "Did you mean 'causal'"),
        (("compare", "a b"), "at least two mechanisms"),
        (("compare", "a b", "-v", "dot"), "at least two mechanisms"),
        (("compare", "a b", "-v", "dot", "-v", "dto"), "Did you mean 'dot'"),
        (("compare", "a b", "-v", "dot", "-v", "dot"), "duplicate mechanism: dot"),
    ],
)
def test_invalid_commands_are_refused(words, says):
    result = run(*words)
    assert (result.status, result.out) == (2, "") and says in result.err


def compared(*names):
    words = [word for name in names for word in ("-v", name)]
    return json.loads(run("compare", SENTENCE, *words, "--json").out)


def test_compared_mechanisms_have_the_same_query_and_key():
    result = compared("scaled-dot", "hard", "causal")
    first, hard, causal, to_hard, to_causal = np.array(result["weights"])[0]
    assert np.allclose(
        first, json.loads(run(SENTENCE, "-v", "scaled-dot", "--json").out)["weights"]
    )
    assert (hard.argmax(-1) == first.argmax(-1)).all(), "the best key of the same scores"
    seen = np.tril(first)
    assert np.allclose(causal, seen / seen.sum(-1, keepdims=True), atol=1e-6)
    assert np.allclose(to_hard, hard - first, atol=1e-7)
    assert np.allclose(to_causal, causal - first, atol=1e-7)


def test_a_comparison_names_its_mechanisms():
    result = compared("scaled-dot", "hard")
    assert result["names"][:2] == ["scaled-dot · head 0", "hard · head 0"]
    assert result["names"][2].startswith("hard − scaled-dot · JS 0.")
    assert result["meta"]["signed"] and result["meta"]["compared"] == ["scaled-dot", "hard"]
    same = compared("scaled-dot", "soft")
    assert same["meta"]["divergence"] == {"soft": [[0.0]]}


@pytest.mark.parametrize("ending", ["png", "svg", "csv", "npz", "html"])
def test_comparisons_can_be_written_in_every_format(ending, tmp_path):
    path = tmp_path / f"out.{ending}"
    result = run("compare", SENTENCE, "-v", "dot", "-v", "scaled-dot", "-o", str(path))
    assert (result.status, result.err) == (0, "") and path.stat().st_size > 500
