"""The sample inputs are what their README says."""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from attnviz.cli.input.lines import decode_line, number_lines
from attnviz.sources.tokenizing.tokenizers import TOKENIZERS

FOLDER = Path(__file__).parents[2] / "sample_inputs"
README = (FOLDER / "README.md").read_text(encoding="utf-8")
FILES = sorted(path for path in FOLDER.iterdir() if path.suffix != ".md")
every = pytest.mark.parametrize("path", FILES, ids=lambda path: path.name)


def lines(path: Path) -> list[str]:
    with path.open("rb") as stream:
        texts = [decode_line(number, content) for number, content in number_lines(stream)]
    return [text for text in texts if text.strip()]


@every
def test_one_sentence_a_line_ended_by_lf(path):
    content = path.read_bytes()
    assert content.endswith(b"\n") and b"\r" not in content
    assert len(lines(path)) == content.count(b"\n") > 0
    assert len(set(lines(path))) == len(lines(path))


@every
def test_the_readme_states_the_purpose_of_each_sample(path):
    assert f"`{path.name}`" in README


@every
@pytest.mark.parametrize("row", TOKENIZERS, ids=lambda row: row.name)
def test_every_tokenizer_reads_it(path, row):
    for text in lines(path):
        assert row.encode(text).tokens


@pytest.mark.parametrize("path", sorted(FOLDER.glob("*.tsv")), ids=lambda path: path.name)
def test_a_pair_is_two_sentences(path):
    for text in lines(path):
        first, second = text.split("\t")
        assert first.strip() and second.strip() and first != second


def test_the_number_of_scripts_is_that_of_the_readme():
    made = lines(FOLDER / "languages.txt")
    scripts = {unicodedata.name(c).split()[0] for text in made for c in text if c.isalpha()}
    assert f"{len(made)} languages and {len(scripts)} scripts" in README


def test_the_awkward_sample_has_unusual_characters():
    text = "\n".join(lines(FOLDER / "awkward.txt"))
    for trouble in (
        "\u200d",
        "\u202e",
        "\u200b",
        "\u0301",
        "$\\frac{$",
        "[bold",
        "<b>",
        "\t",
        '"',
    ):
        assert trouble in text
