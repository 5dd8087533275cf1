"""Errors: one line on standard error and the right exit status; no output lost, no traceback."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.cli.runner import run

MISUSE = [
    (("The cat", "sat"), "expected one sentence, got 2 arguments; put it in quotes"),
    (("a b", "-v", "mutlihead"), "unknown variant 'mutlihead'. Did you mean 'multihead'"),
    (("a b", "-v", "cross"), "needs a second sequence: --context TEXT"),
    (("a b", "-v", "self", "-c", "c d"), "is self-attention only"),
    (("a b", "--dim", "30", "--heads", "4"), "--dim 30 is not divisible by 4 heads; try 1, 2, 3"),
    (("a b", "--heads", "4", "--kv-heads", "3"), "--kv-heads 3 does not divide --heads 4 evenly"),
    (("a b", "--heads", "0"), "heads=0 should be between 1 and"),
    (("a b", "--dim", "0"), "--dim 0 should be between 1 and"),
    (("a b", "--layers", "0"), "--layers 0 should be between 1 and"),
    (("a b", "--layer", "1"), "there is no layer 1"),
    (("a b", "--head", "9"), "there is no head 9"),
    (("a b", "--head", "x"), "must be a list such as 0,2-5"),
    (("a b", "--head", "3-1"), "is empty or too long"),
    (("a b", "-t", "wrods"), "Did you mean 'words'"),
    (("a b", "--embedding", "leters"), "Did you mean 'letters'"),
    (("a b", "--format", "jpeg"), "unknown format 'jpeg'"),
    (("a b", "-o", "x.tiff"), "unsupported extension '.tiff' of 'x.tiff'"),
    (("a b", "--json", "--format", "csv"), "give either --json or --format csv, not both"),
    (("a b", "--mask", "causal & windw(2)"), "Did you mean 'window'"),
    (("a b", "--set", "window"), "must be NAME=VALUE"),
    (("a b", "--set", "window=2"), "has no tunable 'window'"),
    (("a b", "--set", "temperature=2"), "temperature is set by --temperature"),
    (("a b", "-v", "sparse-sinkhorn:temperature=2"), "not apply to it; its own temperature is a"),
    (("a b", "-v", "linformer", "--softcap", "3"), "without scores; softcap does not apply to it"),
    (("a b", "-v", "local", "--set", "window=0"), "window=0 should be at least 1"),
    (("a b", "--temperature", "0"), "temperature=0 should be at least"),
    (("a b", "--precision", "99"), "--precision 99 must be between 0 and 17"),
    (("a b", "--color", "alway"), "Did you mean 'always'"),
    (("a b", "-o", "x.png", "--size", "huge"), "WIDTHxHEIGHT"),
    (("a b", "-o", "x.png", "--size", "1920x1080"), "use --dpi for pixels"),
    (("-5 degrees",), "Put -- before a sentence that begins with -"),
    (("heads", "--sort", "layer"), "missing sentence, e.g. attnviz heads --sort layer"),
    (("a b", "-i", "x.txt"), "give either TEXT or --input, not both"),
    (("a b", "-o", "x.png", "--dpi", "1"), "--dpi 1 must be between"),
    (("a b", "--dpi", "1.5"), "'--dpi': '1.5' is not a whole number"),
    (("a b", "--heads", "few"), "'--heads': 'few' is not a whole number"),
    (("a b", "--temperature", "hot"), "--temperature 'hot' should be a number, or several"),
    (
        (
            "a b",
            "--no-such-option",
        ),
        "No such option: --no-such-option",
    ),
    (("a b", "--seed", "x"), "--seed"),
    (("",), "the sentence is empty"),
    (("   ",), "the sentence is empty"),
    (("explain", "a b", "--cell", "a"), "must be QUERY,KEY"),
    (("explain", "a b", "--cell", "a,c"), "there is no key 'c'; there are 0:a 1:b"),
    (("explain", "a b", "--head", "7"), "there is no head 7"),
    (("variants", "nothing-like-it"), "unknown variant"),
]


@pytest.mark.parametrize(("words", "says"), MISUSE, ids=lambda x: str(x)[:40])
def test_misuse_is_one_line_and_status_2(words, says):
    made = run(*words)
    assert (made.status, made.out) == (2, "")
    assert says in made.err
    lines = made.err.splitlines()
    pointer = len(lines) == 3 and lines[2].strip() == "^"
    assert lines[0].startswith("error: ") and (len(lines) == 1 or pointer)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-i", "no-such-file.txt"), "cannot read 'no-such-file.txt': No such file"),
        (("a b", "-o", "no/such/folder/x.json"), "there is no folder 'no/such/folder'"),
        (("a b", "-t", "no/such/tokenizer.json"), "no/such/tokenizer.json"),
    ],
)
def test_external_failures_are_status_1(words, says):
    made = run(*words)
    assert (made.status, made.out) == (1, "")
    assert says in made.err and made.err.count("\n") == 1


def test_bytes_that_are_no_text_are_status_3_and_named():
    made = run(stdin=b"bad \xff byte\n")
    assert made.status == 3
    assert "line 1, byte 5 is not UTF-8" in made.err


def test_several_sentences_need_several_files(tmp_path):
    made = run("-o", str(tmp_path / "x.png"), stdin="one two\nthree four\n")
    assert made.status == 2 and "x-{n}.png" in made.err
    assert list(tmp_path.iterdir()) == []


def test_binary_is_not_for_a_terminal():
    made = run("a b", "-f", "npz", tty=True)
    assert made.status == 2 and "not for a terminal" in made.err and made.out == ""


def test_a_hostile_name_cannot_reach_the_terminal():
    made = run("a b", "-v", "\x1b[31mred\x9b\u202e")
    assert made.status == 2
    assert not set(made.err) & {"\x1b", "\x9b", "\u202e"}


def test_only_debug_prints_a_traceback():
    assert "Traceback" in run("a b", "-v", "x", "--debug").err
    assert "Traceback" not in run("a b", "-v", "x").err


def test_an_internal_error_is_one_line(monkeypatch):
    monkeypatch.setattr("attnviz.api.pending_map.prepare_map", lambda *a, **k: 1 / 0)
    made = run("a b")
    assert (made.status, made.out) == (1, "")
    assert made.err == (
        "error: unexpected ZeroDivisionError: division by zero (use --debug for a traceback)\n"
    )


def attnviz(*words, **more):
    command = [sys.executable, "-m", "attnviz", *words]
    return subprocess.run(command, stderr=subprocess.PIPE, check=False, **more)


def test_a_closed_pipe_is_no_error():
    reading, writing = os.pipe()
    os.close(reading)
    try:
        made = attnviz("The cat sat", "--json", stdout=writing)
    finally:
        os.close(writing)
    assert (made.returncode, made.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no /dev/full on this system")
@pytest.mark.parametrize("words", [("The cat sat", "--json"), ("--version",), ("--help",)])
def test_a_full_disk_is_an_error(words):
    with Path("/dev/full").open("wb") as full:
        made = attnviz(*words, stdout=full)
    assert made.returncode == 1
    assert made.stderr == b"error: cannot write to standard output: No space left on device\n"


def test_a_closed_output_is_an_error():
    words = f"{sys.executable} -m attnviz 'The cat sat' --json >&-"
    made = subprocess.run(words, shell=True, stderr=subprocess.PIPE, check=False)
    assert made.returncode == 1
    assert b"cannot write to standard output: it is closed" in made.stderr


def test_ctrl_c_is_130(monkeypatch):
    def interrupted(*args, **options):
        raise KeyboardInterrupt

    monkeypatch.setattr("attnviz.api.pending_map.prepare_map", interrupted)
    made = run("a b")
    assert (made.status, made.out, made.err) == (130, "", "")


DIGITS = "9" * 5000  # more than int() converts
NUMBERS = [
    ("--query", DIGITS), ("--layer", DIGITS), ("--head", DIGITS), ("--seed", DIGITS),
    ("--dim", DIGITS), ("--heads", DIGITS), ("--pad", DIGITS), ("--pool", DIGITS),
    ("--precision", DIGITS), ("--dpi", DIGITS), ("--size", DIGITS), ("--set", f"base={DIGITS}"),
    ("--mask", f"window({DIGITS})"), ("--temperature", DIGITS), ("--softcap", "1e400"),
    ("--temperature", "nan"), ("--temperature", "inf"), ("--normalize", "softmax(1e400)"),
]  # fmt: skip


@pytest.mark.parametrize(("option", "value"), NUMBERS, ids=lambda text: text[:12])
def test_numbers_beyond_all_limits_are_refused_in_one_short_line(option, value):
    result = run("The cat", option, value)
    assert result.status == 2 and result.out == ""
    assert result.err.startswith("error: ") and "unexpected" not in result.err
    assert len(result.err) < 800


def test_columns_of_thousands_of_digits_are_the_maximum():
    assert run("The cat", COLUMNS=DIGITS).data == run("The cat", COLUMNS="10000").data
    assert run("The cat", COLUMNS="0" * 5000 + "40").data == run("The cat", COLUMNS="40").data


@pytest.mark.parametrize("name", ["~nosuchuser/x", "n" * 5000, "nul\0byte"], ids=lambda x: x[:5])
@pytest.mark.parametrize(
    "words", [("x", "--model"), ("x", "-t"), ("-i",), ("render",), ("check",),
              ("x", "-f", "json", "-o"), ("-f", "jsonl", "-i", __file__, "-o")],
    ids=lambda words: words[-1] if len(words) < 5 else "batch",
)  # fmt: skip
@pytest.mark.usefixtures("offline")
def test_a_path_that_names_nothing_is_refused_in_one_line(words, name):
    result = run(*words, name)
    assert result.status in (1, 2) and result.out == ""
    assert result.err.startswith("error: ") and "unexpected" not in result.err
    assert result.err.count("\n") == 1


@pytest.mark.parametrize("words", [("x.json",), ("show", "a/b.npz"), ("explain", "x.csv"),
                                   ("heads", "-v", "causal", "x.jsonl"),
                                   ("compare", "The", "x.npy", "-v", "hard")])  # fmt: skip
def test_the_name_of_a_file_is_no_sentence(words):
    refused = run(*words)
    assert refused.status in (1, 2) and refused.out == ""
    assert "there is no file of this name" in refused.err
    assert run("see x.json").status == 0  # a sentence


def test_a_file_in_place_of_a_sentence_is_refused_with_the_command_that_reads_it(tmp_path):
    path = tmp_path / "x.json"
    path.write_text("[[1]]")
    refused = run("show", str(path))
    assert refused.status == 2 and f"attnviz render {path}" in " ".join(refused.err.split())
