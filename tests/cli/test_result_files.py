"""Results are safe: no failing, repeated or stopped run destroys what a file holds."""

import fcntl
import inspect
import json
import os
import re
import signal
import subprocess
import sys
import time

import pytest

from attnviz.cli.options.request import RESULT_OPTIONS
from tests.cli.runner import run

NO_EFFECT_ON_RECORDS = {  # options of `show` that change no JSON Lines record
    "input", "output", "format", "json", "column", "input_format", "whole", "jobs", "fail_fast",
    "resume", "annotate", "color", "dpi", "graphics", "palette", "query", "size", "title", "view",
    "vmin", "vmax", "robust", "norm", "shared_scale", "highlight", "percent", "columns", "math",
    "no_title", "no_caption", "no_colorbar", "dark", "transparent", "font", "font_size", "zoom",
    "width", "no_metadata", "frames", "frame_time",
}  # fmt: skip

SENTENCES = "".join(f"sentence {n} of a corpus\n" for n in range(12))


@pytest.fixture
def corpus(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text(SENTENCES)
    return path


def files(folder):
    return sorted(path.name for path in folder.iterdir())


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (("-v", "nosuch"), 2),
        (("--mask", "foo("), 2),
        (("--layer", "7"), 2),
        (("--head", "99"), 2),
        (("--set", "window=2"), 2),
        (("-t", "no-such-tokenizer"), 2),
        (("-o", "."), 2),
        (("-o", "nowhere/x.jsonl"), 1),
        (("--model", "no-such-folder"), 1),
        (("--model", "."), 1),
        (("--jobs", "0"), 2),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, tuple) else None,
)
@pytest.mark.usefixtures("offline")
def test_a_failing_command_leaves_the_previous_result(
    words, status, corpus, tmp_path, monkeypatch
):
    monkeypatch.chdir(tmp_path)
    out = tmp_path / "all.jsonl"
    out.write_bytes(b"previous\n")
    result = run("-i", str(corpus), "-o", str(out), *words)
    assert result.status == status, result.err
    assert result.err.count("\n") <= (3 if "--mask" in words else 1)  # a mask is quoted
    assert result.err.startswith("error: ")
    assert out.read_bytes() == b"previous\n"
    assert files(tmp_path) == ["all.jsonl", "in.txt"]


def test_a_complete_run_replaces_the_previous_result(corpus, tmp_path):
    out = tmp_path / "all.jsonl"
    out.write_bytes(b"previous\n")
    out.chmod(0o640)
    assert run("-i", str(corpus), "-o", str(out)).status == 0
    assert out.read_bytes().count(b"\n") == 12
    assert out.stat().st_mode & 0o777 == 0o640
    assert files(tmp_path) == ["all.jsonl", "in.txt"]


def test_input_that_is_also_output_is_refused(corpus, tmp_path):
    link, hard = tmp_path / "link.jsonl", tmp_path / "hard.jsonl"
    link.symlink_to(corpus)
    os.link(corpus, hard)
    for path in (corpus, link, hard):
        result = run("-i", str(corpus), "-o", str(path), "-f", "jsonl")
        assert result.status == 2 and "is also the input" in result.err
        assert corpus.read_text() == SENTENCES


def test_maps_are_not_written_to_the_file_that_they_are_read_from(tmp_path):
    path = tmp_path / "a.json"
    assert run("a b", "-o", str(path)).status == 0
    before = path.read_bytes()
    assert run("render", str(path), "-o", str(path)).status == 2
    assert run("diff", str(path), str(path), "-o", str(path)).status == 2
    assert path.read_bytes() == before


def test_a_template_does_not_reach_the_input(tmp_path):
    corpus = tmp_path / "1.json"
    corpus.write_text(SENTENCES)
    result = run("-i", str(corpus), "--input-format", "lines", "-o", str(tmp_path / "{n}.json"))
    assert result.status == 2 and "is also the input" in result.err
    assert corpus.read_text() == SENTENCES


def test_one_file_is_not_written_twice(corpus, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    result = run("-i", str(corpus), "-o", "x.jsonl", "-o", "./x.jsonl")
    assert result.status == 2 and "are the same file" in result.err


def test_resume_without_an_earlier_run_is_a_plain_run(corpus, tmp_path):
    out = tmp_path / "all.jsonl"
    assert run("-i", str(corpus), "-o", str(out), "--resume").status == 0
    assert out.read_bytes().count(b"\n") == 12


OTHER_REQUESTS = [
    (("-v", "hard"), "with --variant 'causal', this run has --variant 'hard'"),
    (("--seed", "3"), "without --seed, this run has --seed 3"),
    (("--temperature", "0.5"), "without --temperature, this run has --temperature 0.5"),
    (("--heads", "2"), "without --heads, this run has --heads 2"),
    (("--with-qk",), "without --with-qk, this run has --with-qk"),
    (("--pool", "2"), "without --pool, this run has --pool 2"),
    (("--precision", "2"), "without --precision, this run has --precision 2"),
    (("--set", "base=5"), "without --set, this run has --set base=5"),
    (("--context", "a b"), "without --context, this run has --context 'a b'"),
    (("--layer", "0"), "without --layer, this run has --layer '0'"),
    (("--mask", "window(2)"), "without --mask, this run has --mask 'window(2)'"),
]


@pytest.mark.parametrize("is_complete", [True, False], ids=["complete", "longer"])
@pytest.mark.parametrize(("words", "says"), OTHER_REQUESTS, ids=lambda value: "".join(value)[:30])
def test_another_request_is_not_resumed(words, says, is_complete, corpus, tmp_path):
    variant = "multihead" if "base=5" in words else "soft" if "--context" in words else "causal"
    first = ("-i", str(corpus), "-o", str(tmp_path / "all.jsonl"), "-v", variant)
    out = tmp_path / "all.jsonl"
    assert run(*first).status == 0
    if not is_complete:
        corpus.write_text(SENTENCES + "one more\n")
    before = out.read_bytes()
    words = words if "-v" in words else ("-v", variant, *words)
    result = run("-i", str(corpus), "-o", str(out), "--resume", *words)
    assert result.status == 2 and f"it was written {says};" in result.err, result.err
    assert result.err.count("\n") == 1
    assert out.read_bytes() == before
    assert run(*first, "--resume").status == 0
    assert out.read_bytes().startswith(before)
    assert out.read_bytes().count(b"\n") == (12 if is_complete else 13)


def test_every_option_is_part_of_the_request_or_changes_no_record():
    """A new option of `show` must be named in one of the two."""
    from attnviz.cli.commands.show import show

    options = set(inspect.signature(show).parameters) - {"ctx", "text", "version", "debug"}
    assert set(RESULT_OPTIONS) <= options
    assert options - set(RESULT_OPTIONS) == NO_EFFECT_ON_RECORDS


def test_records_of_old_versions_are_compared_by_their_metadata(corpus, tmp_path):
    out = tmp_path / "all.jsonl"
    assert run("-i", str(corpus), "-o", str(out), "-v", "causal").status == 0
    records = [json.loads(line) for line in out.read_bytes().splitlines()]
    for record in records:
        assert record["meta"].pop("request") == {"variant": "causal"}
    old = "".join(json.dumps(record, separators=(",", ":")) + "\n" for record in records)
    corpus.write_text(SENTENCES + "one more\n")
    for words, status in ((("-v", "hard"), 2), (("-v", "causal"), 0)):
        out.write_text(old)
        result = run("-i", str(corpus), "-o", str(out), "--resume", *words)
        assert result.status == status, result.err
        assert out.read_text().startswith(old) and out.read_text().count("\n") == 13 - status // 2
    assert "variant" in run("-i", str(corpus), "-o", str(out), "--resume", "-v", "hard").err


FORMATS = ["json", "csv", "npz", "svg", "html"]


@pytest.mark.parametrize("form", FORMATS)
def test_files_of_another_request_are_not_resumed(form, corpus, tmp_path):
    corpus.write_text("one\ntwo words\nthree more words\n")
    words = ("-i", str(corpus), "-o", str(tmp_path / f"{{n}}.{form}"), "-v", "multihead")
    assert run(*words).status == 0
    whole = {path.name: path.read_bytes() for path in tmp_path.glob(f"*.{form}")}
    (tmp_path / f"1.{form}").unlink()
    (tmp_path / f"3.{form}").unlink()
    result = run(*words, "--resume", "--seed", "3")
    assert result.status == 2 and f"2.{form}' is not what this run would write" in result.err
    assert (tmp_path / f"2.{form}").read_bytes() == whole[f"2.{form}"]
    (tmp_path / f"1.{form}").unlink()
    assert run(*words, "--resume", "-j", "1").status == 0
    assert {path.name: path.read_bytes() for path in tmp_path.glob(f"*.{form}")} == whole


def test_json_files_of_other_sentences_are_not_resumed(corpus, tmp_path):
    words = ("-i", str(corpus), "-o", str(tmp_path / "{n}.json"))
    assert run(*words).status == 0
    corpus.write_text(SENTENCES.replace("sentence 4", "another 4"))
    result = run(*words, "--resume")
    assert result.status == 2 and "5.json' is of another sentence" in result.err


def test_any_changed_sentence_is_noticed_not_only_the_last(corpus, tmp_path):
    out = tmp_path / "all.jsonl"
    assert run("-i", str(corpus), "-o", str(out)).status == 0
    corpus.write_text(SENTENCES.replace("sentence 4", "another 4"))
    result = run("-i", str(corpus), "-o", str(out), "--resume")
    assert result.status == 2 and "line 5 is of another sentence" in result.err


def test_only_one_run_writes_a_file(corpus, tmp_path):
    out = tmp_path / "all.jsonl"
    with (tmp_path / "all.jsonl.partial").open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        result = run("-i", str(corpus), "-o", str(out))
        assert result.status == 1 and "another run is writing it" in result.err
    assert run("-i", str(corpus), "-o", str(out)).status == 0
    assert files(tmp_path) == ["all.jsonl", "in.txt"]


@pytest.mark.usefixtures("offline")
def test_a_model_that_cannot_be_loaded_ends_the_run_with_one_line(corpus):
    result = run("-i", str(corpus), "--model", "nobody/no-such-model", "-f", "jsonl")
    assert result.status == 1 and result.out == ""
    assert result.err.count("\n") == 1 and "nobody/no-such-model" in result.err


def start(corpus, out, *words):
    command = [sys.executable, "-m", "attnviz", "show", "-i", str(corpus), "-o", str(out), *words]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True)


def wait_for(path, n_byte):
    """Wait until a file has this size; the test fails where it never does."""
    for _ in range(600):
        if path.exists() and path.stat().st_size > n_byte:
            return
        time.sleep(0.05)
    raise AssertionError(f"{path} never had {n_byte} bytes")


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=lambda sent: sent.name)
def test_a_stopped_run_leaves_the_old_result_and_can_be_resumed(sent, corpus, tmp_path):
    corpus.write_text("one line like all the others\n" * 3000)
    out = tmp_path / "all.jsonl"
    out.write_bytes(b"previous\n")
    with start(corpus, out) as process:
        wait_for(tmp_path / "all.jsonl.partial", 20_000)
        process.send_signal(sent)
        errors = process.communicate()[1]
    assert out.read_bytes() == b"previous\n"
    assert files(tmp_path) == ["all.jsonl", "all.jsonl.partial", "in.txt"]
    if sent == signal.SIGINT:
        assert process.returncode == 130
        assert "all.jsonl.partial'; --resume continues them" in errors
    done = (tmp_path / "all.jsonl.partial").read_bytes().count(b"\n")
    assert 0 < done < 3000
    corpus.write_text("one line like all the others\n" * (done + 2))
    assert run("-i", str(corpus), "-o", str(out), "--resume").status == 0
    records = out.read_bytes().splitlines()
    assert len(records) == done + 2 and len(set(records)) == 1
    assert files(tmp_path) == ["all.jsonl", "in.txt"]


def test_replacing_unfinished_results_is_noted(corpus, tmp_path):
    partial = tmp_path / "all.jsonl.partial"
    partial.write_bytes(b'{"format":"attnviz","text":"x"}\n')
    result = run("-i", str(corpus), "-o", str(tmp_path / "all.jsonl"))
    assert result.status == 0 and "replacing the unfinished results" in result.err
    assert (tmp_path / "all.jsonl").read_bytes().count(b"\n") == 12 and not partial.exists()


def test_resume_removes_the_partial_files_of_a_killed_run(corpus, tmp_path):
    stale, held = tmp_path / ".attnviz-0.tmp", tmp_path / ".attnviz-1.tmp"
    stale.write_bytes(b"half")
    with held.open("wb") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert run("-i", str(corpus), "-o", str(tmp_path / "{n}.json"), "--resume").status == 0
        assert held.exists() and not stale.exists()


def test_fail_fast_keeps_the_old_result(corpus, tmp_path):
    corpus.write_bytes(b"fine\n\xff\nfine\n")
    out = tmp_path / "all.jsonl"
    out.write_bytes(b"previous\n")
    result = run("-i", str(corpus), "-o", str(out), "--fail-fast")
    assert result.status == 1 and out.read_bytes() == b"previous\n"
    kept = (tmp_path / "all.jsonl.partial").read_bytes().splitlines()
    assert [json.loads(line).get("line") for line in kept] == [None, 2]


@pytest.mark.parametrize("tty", [True, False])
def test_written_files_are_stated_on_a_terminal_only(tty, corpus, tmp_path):
    picture, lines = tmp_path / "x.svg", tmp_path / "x.jsonl"
    template = tmp_path / "{n}.json"
    source = str(corpus)
    for words, stated in (
        (["a b", "-o", str(picture)], [str(picture)]),
        (["mask", "causal", "a b", "-o", str(picture)], [str(picture)]),
        (["-i", source, "-o", str(lines)], [str(lines)]),
        (["-i", source, "-o", str(template)], [f"12 files {template}"]),
        (["a b", "--json"], []),
    ):
        made = run(*words, tty=tty)
        assert made.status == 0
        lines = re.sub(r"\x1b\[[\d;]*[A-Za-z]", "", made.err).splitlines()
        wrote = [line for line in lines if "wrote" in line]
        assert wrote == ([f"wrote {what}" for what in stated] if tty else [])


def test_a_failed_file_is_not_stated(tmp_path):
    made = run("a b", "-o", str(tmp_path / "x.png"), "--size", "900x900", tty=True)
    assert made.status and "wrote" not in made.err
