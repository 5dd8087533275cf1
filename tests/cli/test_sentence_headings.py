"""Several sentences in a table: each has a heading, and a blank line is between two."""

import pytest

from tests.cli.runner import run

TWO = "The cat sat\nA dog ran\n"


@pytest.mark.parametrize(
    "words",
    [(), ("compare", "-v", "dot", "-v", "hard"), ("heads",), ("explain", "--dim", "4")],
    ids=lambda words: "-".join(words[:1]) or "show",
)
def test_each_sentence_has_a_heading(words):
    made = run(*words, stdin=TWO)
    assert made.status == 0, made.err
    lines = made.out.split("\n")
    places = [i for i, line in enumerate(lines) if line.startswith("sentence: ")]
    assert [lines[i] for i in places] == ["sentence: The cat sat", "sentence: A dog ran"]
    assert places[0] == 0 and lines[places[1] - 1] == "" and lines[places[1] - 2] != ""
    single = run(*words, stdin="The cat sat\n")
    assert "sentence: " not in single.out and not single.out.startswith("\n")


def test_a_file_of_tables_has_headings_too(tmp_path):
    source, out = tmp_path / "two.txt", tmp_path / "all.out"
    source.write_text(TWO)
    assert run("-i", str(source), "-f", "table", "-o", str(out)).status == 0
    assert "\n\nsentence: A dog ran\n" in out.read_text()


def test_other_formats_have_none():
    made = run("-f", "jsonl", stdin=TWO)
    assert "sentence: " not in made.out and made.out.count("\n") == 2
    assert "\n\n" not in run("heads", "--json", stdin=TWO).out
