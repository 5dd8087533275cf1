"""attnviz show: every sample in every format, and the data that comes out."""

import io
import json
from pathlib import Path

import numpy as np
import pytest

from attnviz.render.formats import FORMATS
from tests.cli.runner import run

SAMPLES = Path(__file__).parent.parent.parent / "sample_inputs"
FILES = sorted(path for path in SAMPLES.iterdir() if path.suffix != ".md")
SENTENCE = "The cat sat on the mat"


def shortened(path, tmp_path, lines):
    """The first lines of a sample: pictures take their time."""
    kept = path.read_bytes().splitlines(keepends=True)[:lines]
    short = tmp_path / path.name
    short.write_bytes(b"".join(kept))
    return short


# One sample is written in every format, the others in one format of each kind.
OF_A_KIND = {row.kind: row.name for row in reversed(FORMATS)}.values()
SAMPLES = [
    pytest.param(sample, row, id=f"{sample.name}-{row.name}")
    for sample in FILES
    for row in FORMATS
    if row.name in OF_A_KIND or sample.name == "awkward.txt"
]


@pytest.mark.parametrize(("sample", "row"), SAMPLES)
def test_every_sample_in_every_format(sample, row, tmp_path):
    lines = 200 if row.holds_many and not row.is_visual else 2
    if row.kind == "figure" and row.name not in OF_A_KIND:
        lines = 1  # drawn as the format of its kind, which has two
    given = shortened(sample, tmp_path, lines)
    variant = "cross" if sample.suffix == ".tsv" else "multihead"
    if row.name == "table":
        made = run("-i", str(given), "-v", variant)
        assert (made.status, made.err) == (0, "")
        assert "\x1b" not in made.out and "max weight" in made.out
        return
    ending = row.suffixes[0]
    fewer = ("--pool", "32") if row.name == "tikz" else ()  # it has a limit of cells
    target = str(tmp_path / ("out-{n}" + ending))
    made = run("-i", str(given), "-v", variant, *fewer, "-o", target)
    assert made.status == 0, made.err
    written = sorted(tmp_path.glob(f"out-*{ending}"))
    assert len(written) == sum(1 for line in given.read_bytes().split(b"\n") if line.strip())
    assert all(path.stat().st_size > 100 for path in written)


def test_every_line_of_every_sample_is_shown():
    for sample in FILES:
        lines = [line for line in sample.read_bytes().split(b"\n") if line.strip()]
        variant = "cross" if sample.suffix == ".tsv" else "multihead"
        made = run("-i", str(sample), "-f", "jsonl", "-v", variant)
        documents = [json.loads(line) for line in made.out.splitlines()]
        assert (made.status, len(documents)) == (0, len(lines))


def test_a_table_has_a_title_and_a_pipeline():
    made = run(SENTENCE, "--variant", "multihead")
    for said in ("rows = queries", "columns = keys", "head 0", "head 3", "max weight", "bits"):
        assert said in made.out


@pytest.mark.parametrize("width", [60, 80, 160])
def test_no_line_is_wider_than_the_terminal(width):
    made = run(SENTENCE, "-v", "multihead", width=width, tty=True, NO_COLOR="1")
    assert max(len(line) for line in made.out.splitlines()) <= width
    assert "…" not in made.out


COLOURS = [
    ((), {"tty": True}, True),
    ((), {"tty": False}, False),
    ((), {"tty": True, "NO_COLOR": "1"}, False),
    ((), {"tty": True, "NO_COLOR": ""}, True),
    ((), {"tty": False, "FORCE_COLOR": "1"}, True),
    ((), {"tty": True, "FORCE_COLOR": "0"}, False),
    ((), {"tty": False, "CLICOLOR_FORCE": "1"}, True),
    ((), {"tty": True, "CLICOLOR": "0"}, False),
    ((), {"tty": True, "TERM": "dumb"}, False),
    (("--color", "always"), {"tty": False, "NO_COLOR": "1"}, True),
    (("--color", "never"), {"tty": True, "FORCE_COLOR": "1"}, False),
]


@pytest.mark.parametrize(("words", "env", "colored"), COLOURS, ids=str)
def test_color_is_decided_by_option_then_environment(words, env, colored):
    made = run(SENTENCE, *words, **env)
    assert ("\x1b[" in made.out) == colored


@pytest.mark.parametrize(
    ("environ", "mark"),
    [
        ({"COLORTERM": "truecolor"}, "48;2;"),
        ({"TERM": "xterm-256color"}, "48;5;"),
        ({"TERM": "xterm"}, "\x1b["),
    ],
)
def test_colours_are_those_the_terminal_has(environ, mark):
    made = run(SENTENCE, tty=True, **environ)
    assert mark in made.out
    if environ.get("TERM") == "xterm":
        assert "48;5;" not in made.out and "48;2;" not in made.out


def test_an_ascii_terminal_gets_ascii():
    made = run("naïve 中文 cat", encoding="ascii")
    assert made.status == 0
    assert made.data.isascii()


def test_json_is_a_document():
    made = json.loads(run(SENTENCE, "--json").out)
    weights = np.array(made["weights"])
    assert weights.shape == (1, 4, 6, 6)
    assert np.allclose(weights.sum(-1), 1, atol=1e-6)
    assert [token["label"] for token in made["queries"]] == SENTENCE.split()


def test_every_format_has_the_same_weights(tmp_path):
    paths = [tmp_path / f"w{ending}" for ending in (".json", ".csv", ".npz")]
    outputs = [word for path in paths for word in ("-o", str(path))]
    assert run(SENTENCE, "-v", "causal", *outputs).status == 0
    document = np.array(json.loads(paths[0].read_text())["weights"], dtype=np.float32)
    rows = [line.split(",") for line in paths[1].read_text().splitlines()[1:]]
    table = np.array([row[-1] for row in rows], dtype=np.float32).reshape(document.shape)
    arrays = np.load(paths[2], allow_pickle=False)["weights"]
    assert (document == table).all() and (document == arrays).all()


def test_sentences_can_be_read_from_arguments_files_and_pipes(tmp_path):
    file = tmp_path / "one.txt"
    file.write_text(SENTENCE + "\n")
    expected = run(SENTENCE, "--json").out
    assert run("show", SENTENCE, "--json").out == expected
    assert run("-", "--json", stdin=SENTENCE).out == expected
    assert run("--json", stdin=SENTENCE + "\r\n").out == expected
    assert run("--json", stdin=b"\xef\xbb\xbf" + SENTENCE.encode()).out == expected
    assert run("-i", str(file), "--json").out == expected
    assert run("-i", "-", "--json", stdin=SENTENCE).out == expected


@pytest.mark.parametrize("words", [("show", "render"), ("--", "tokens"), ("--", "-5 degrees")])
def test_a_sentence_can_begin_with_the_name_of_a_command(words):
    made = run(*words, "--json") if words[0] != "--" else run("--json", *words)
    assert json.loads(made.out)["text"] == words[1]


def test_numbers_of_heads_are_the_original_ones():
    words = ("--json", "--layers", "3")
    made = json.loads(run(SENTENCE, *words, "--head", "1,3", "--layer", "2").out)
    assert (made["layers"], made["heads"]) == ([2], [1, 3])
    whole = json.loads(run(SENTENCE, *words).out)
    assert made["weights"][0][1] == whole["weights"][2][3]


def test_length_is_the_textbook_example():
    sentence = "The weather is beautiful today in Melbourne"
    made = json.loads(run(sentence, "-v", "length", "--json").out)
    weights = np.array(made["weights"])[0, 0, 0]
    assert np.round(weights, 3).tolist() == [0.081, 0.189, 0.054, 0.243, 0.135, 0.054, 0.243]
    told = " ".join(run("explain", sentence, "-v", "length", "--embedding", "letters").out.split())
    assert "13.297297297297298 and 7.837837837837839" in told
    assert "their sum 21.135135135135137" in told
    steps = run("explain", sentence, "-v", "length", "--embedding", "letters", "--json").out
    output = next(s for s in json.loads(steps)["steps"] if s["name"] == "output")["numbers"][0]
    assert np.allclose(output[:2], [13.297297297297298, 7.837837837837839], atol=1e-12)


def test_padding_is_shown_and_hidden():
    made = json.loads(run("a b c", "-v", "padding", "--pad", "3", "--json").out)
    assert [token["label"] for token in made["keys"]] == ["a", "b", "c", *["[PAD]"] * 3]
    weights = np.array(made["weights"])
    assert (weights[..., 3:] == 0).all() and np.array(made["hidden"])[..., 3:].all()


def test_help_and_version_are_printed():
    assert "--variant" in run("show", "--help").out
    assert "--cell" in run("explain", "--help").out
    assert io.StringIO(run().out).read(200).strip().startswith("Usage: attnviz")


def test_a_word_similar_to_a_command_is_a_sentence_with_a_note():
    made = run("rendr")
    assert made.status == 0 and "did you mean the command 'render'?" in made.err
    assert run("cat").err == ""
