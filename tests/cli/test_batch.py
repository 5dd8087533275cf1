"""Batches: results in order, in bounded memory; an invalid line does not stop the others."""

import io
import json
import os
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest

from attnviz.cli.batch.batch import pending_groups
from attnviz.cli.batch.outcome import Item, Outcome
from attnviz.cli.batch.process_pool import run_in_order
from attnviz.cli.environment import Environment
from attnviz.cli.input.sentences import read_sentences
from attnviz.cli.output.filename_template import fill_template, safe_filename
from attnviz.cli.output.map_writers import StdoutWriter
from attnviz.cli.output.progress import count_lines, progress
from attnviz.errors import InvalidInputError, MisuseError
from tests.cli.runner import run

MODELS = Path(__file__).parent.parent / "models"
FEW = "The cat sat\nHe saw it\n\nIt rains\n"
BAD = b"fine one\nbad \xff byte\nthree words here\n"


def documents(made):
    return [json.loads(line) for line in made.out.splitlines()]


def test_an_invalid_line_is_an_error_record_and_does_not_stop_the_batch():
    made = run("-f", "jsonl", stdin=BAD)
    first, wrong, last = documents(made)
    assert made.status == 1 and made.err == ""
    assert (first["text"], last["text"]) == ("fine one", "three words here")
    assert wrong["line"] == 2 and "byte 5 is not UTF-8" in wrong["error"]


def test_without_records_a_bad_line_is_a_note(tmp_path):
    made = run("-o", str(tmp_path / "x{n}.svg"), stdin=BAD)
    assert made.status == 1 and made.err.count("\n") == 1
    assert made.err.startswith("error: line 2, byte 5 is not UTF-8")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["x1.svg", "x3.svg"]


def test_fail_fast_stops_at_the_first():
    made = run("-f", "jsonl", "--fail-fast", stdin=BAD)
    assert made.status == 1 and [("error" in d) for d in documents(made)] == [False, True]


@pytest.mark.parametrize("words", [("-v", "nonsense"), ("--head", "9"), ("-v", "cross")])
def test_options_that_are_invalid_for_every_line_are_misuse(words):
    made = run("-f", "jsonl", *words, stdin=FEW)
    assert (made.status, made.out) == (2, "") and made.err.count("\n") == 1


def test_an_invalid_first_line_is_not_misuse():
    given = '{"text": "a b"}\n{"text": "a b", "context": "c d"}\n'
    made = run("-f", "jsonl", "-v", "cross", "--input-format", "jsonl", stdin=given)
    assert made.status == 1 and ["error" in d for d in documents(made)] == [True, False]


RECORDS = {
    "jsonl": '{"id": 7, "text": "a b"}\n\n'
    '{"id": "x/y", "text": "c", "context": "d e"}\n{"text": "f"}\n',
    "json": '[{"id": 7, "text": "a b"}, {"id": "x/y", "text": "c", "context": "d e"}, "f"]',
    "csv": 'id,other,text,context\n7,,"a b",\nx/y,"q,""r",c,d e\n,,f\n',
    "tsv": "text\tid\tcontext\na b\t7\t\nc\tx/y\td e\nf\n",
}  # fmt: skip


@pytest.mark.parametrize("form", RECORDS)
def test_records_have_texts_contexts_and_ids(form, tmp_path):
    path = tmp_path / f"in.{form}"
    path.write_text(RECORDS[form])
    words = ("-f", "jsonl", "-v", "soft", *(["--column", "text"] if form == "tsv" else []))
    made = run("-i", str(path), *words)
    assert made.status == 0, made.out
    told = [(d["text"], d["context"], d["meta"].get("id")) for d in documents(made)]
    assert told == [("a b", None, "7"), ("c", "d e", "x/y"), ("f", None, None)]
    piped = run("--input-format", form, *words, stdin=RECORDS[form])
    assert piped.data == made.data


def test_a_json_file_of_sentences_is_a_list(tmp_path):
    path = tmp_path / "in.json"
    path.write_text('{"text": "a b"}')
    made = run("-i", str(path))
    assert made.status == 3 and "should be a list of texts or objects" in made.err
    path.write_text('["a b", 5, {"said": "c"}]')
    made = run("-i", str(path), "-f", "jsonl")
    assert made.status == 1
    assert [d.get("text") or d["error"] for d in documents(made)] == [
        "a b",
        "missing key 'text' with a text",
        "missing key 'text' with a text",
    ]


def test_a_column_may_have_another_name():
    made = run("--column", "said", "-f", "jsonl", stdin="n,said\n1,a b\n2,c\n")
    assert [d["text"] for d in documents(made)] == ["a b", "c"]
    made = run("--column", "said", "-f", "jsonl", stdin="n,other\n1,a b\n")
    assert (
        made.status == 2
        and "no column 'said' in the input, read as csv; columns: n, other" in made.err
    )


WRONG = [
    ("jsonl", "nope\n", "not JSON"),
    ("jsonl", '{"text": 5}\n', "missing key 'text'"),
    ("jsonl", '["a"]\n', "missing key 'text'"),
    ("jsonl", '{"text": "a", "text": "b"}\n', "duplicate key 'text'"),
    ("jsonl", '{"text": "a", "context": 3}\n', "the context must be a text"),
    ("jsonl", '{"text": "a", "id": [3]}\n', "the id must be a text"),
    ("jsonl", '{"text": "\\ud800"}\n', "a lone surrogate"),
    ("jsonl", '{"text": " "}\n', "the sentence is empty"),
    ("csv", "text,b\n\xff,1\n", "a lone surrogate"),
    ("csv", "b,text\n1\n", "missing key 'text'"),
]


@pytest.mark.parametrize(("form", "given", "says"), WRONG, ids=str)
def test_invalid_records_are_reported(form, given, says):
    good = {"jsonl": '{"text": "fine"}\n', "csv": "1,fine\n" if "b,text" in given else "fine,1\n"}
    stdin = given.encode("latin-1") + good[form].encode()
    made = run("--input-format", form, "-f", "jsonl", stdin=stdin)
    wrong, fine = documents(made)
    assert made.status == 1 and says in wrong["error"] and fine["text"] == "fine"


def test_a_quoted_csv_cell_can_contain_line_breaks():
    made = run("--column", "text", "-f", "jsonl", stdin='text\n"two\nlines"\nnext\n')
    assert [d["text"] for d in documents(made)] == ["two\nlines", "next"]


MISUSE = [
    (("--jobs", "0"), "--jobs 0 must be between 1 and"),
    (("--input-format", "xml"), "unknown --input-format 'xml'"),
    (("--resume",), "--resume needs files"),
    (("--resume", "-f", "table", "-o", "x.txt"), "cannot continue a table file"),
    (("-f", "npz"), "several sentences, but a npz file holds one"),
    (("-f", "parquet"), "several sentences, but a parquet file holds one"),
    (("-o", "x.npz"), "-o 'x-{n}.npz'"),
]


@pytest.mark.parametrize(("words", "says"), MISUSE, ids=str)
def test_misuse_is_one_line(words, says, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    made = run(*words, stdin=FEW)
    assert (made.status, made.out) == (2, "") and says in made.err
    assert list(tmp_path.iterdir()) == []


HOSTILE = ["../../etc/passwd", "..", ".", "", "/", "a/b", "a%2Fb", "nul\0", "\ud800", "x" * 500,
           "\u202ed", "a\nb", "C:\\x", "~", "-rf", "Ünï", "中文" * 60, "con", " "]  # fmt: skip


@pytest.mark.parametrize("id", HOSTILE)
def test_an_id_names_a_file_and_nothing_else(id, tmp_path):
    path = tmp_path / fill_template("{id}.txt", 1, id)
    path.write_text("x")
    assert [each.parent for each in tmp_path.rglob("*")] == [tmp_path]
    assert len(safe_filename(id).encode()) < 120


def test_different_ids_have_different_files():
    ids = [*HOSTILE, "x" * 499 + "y", "中文" * 60 + "x"]
    assert len({safe_filename(id) for id in ids}) == len(ids)


def test_no_id_is_a_hidden_file():
    assert not any(safe_filename(id).startswith(".") for id in (*HOSTILE, ".profile", "..."))


def test_a_file_each_by_id_or_number(tmp_path):
    made = run(
        "--input-format", "jsonl", "-v", "soft", "-o", str(tmp_path / "{id}.json"),
        stdin=RECORDS["jsonl"] + '{"id": "7", "text": "again"}\n',
    )  # fmt: skip
    assert sorted(path.name for path in tmp_path.iterdir()) == ["3.json", "7.json", "x%2Fy.json"]
    assert made.status == 1 and "duplicate id '7'" in made.err
    assert json.loads((tmp_path / "7.json").read_text())["text"] == "a b"


@pytest.fixture
def corpus(tmp_path):
    """Forty lines, one of them wrong, and what an uninterrupted run makes of them."""
    path = tmp_path / "in.txt"
    said = [f"line {n} of a corpus".encode() for n in range(40)]
    said[30] = b"\xff"
    path.write_bytes(b"\n".join(said) + b"\n")
    whole = tmp_path / "whole.jsonl"
    assert run("-i", str(path), "-o", str(whole)).status == 1
    return path, whole.read_bytes()


@pytest.mark.parametrize("kept", [0, 1, 500, 20_000, -1])
def test_a_truncated_result_can_be_resumed(kept, corpus, tmp_path):
    path, whole = corpus
    out = tmp_path / "out.jsonl"
    out.write_bytes(whole[:kept])
    made = run("-i", str(path), "-o", str(out), "--resume")
    assert made.status == 1 and out.read_bytes() == whole
    again = run("-i", str(path), "-o", str(out), "--resume")
    assert again.status == 1 and out.read_bytes() == whole  # the bad line is still known


def test_a_killed_run_can_be_resumed(corpus, tmp_path):
    path, _ = corpus
    line = b"one line like all the others\n"
    path.write_bytes(line * 5000)
    os.mkfifo(tmp_path / "pipe.jsonl")
    words = ["show", "-i", str(path), "-o", str(tmp_path / "pipe.jsonl")]
    with (
        subprocess.Popen([sys.executable, "-m", "attnviz", *words]) as process,
        (tmp_path / "pipe.jsonl").open("rb") as pipe,
    ):
        torn = pipe.read(5000)
        process.send_signal(signal.SIGKILL)
        torn += pipe.read()
    out = tmp_path / "out.jsonl"
    out.write_bytes(torn)
    done = torn.count(b"\n")
    assert 0 < done < 5000
    path.write_bytes(line * (done + 3))
    assert run("-i", str(path), "-o", str(out), "--resume").status == 0
    written = out.read_bytes().splitlines()
    assert len(written) == done + 3 and len(set(written)) == 1


def test_a_file_of_other_sentences_is_not_resumed(corpus, tmp_path):
    path, whole = corpus
    out = tmp_path / "out.jsonl"
    out.write_bytes(whole[: len(whole) // 2])
    path.write_text("".join(f"another {n}\n" for n in range(40)))
    made = run("-i", str(path), "-o", str(out), "--resume")
    assert made.status == 2 and "is of another sentence" in made.err


@pytest.mark.parametrize("kept", [b"hello", b"hello\n", b'{"format":"other"}\n'])
def test_an_unrelated_file_is_not_changed(kept, corpus, tmp_path):
    path, whole = corpus
    out = tmp_path / "out.jsonl"
    for before in (kept, whole[: whole.index(b"\n") + 1] + kept):
        out.write_bytes(before)
        made = run("-i", str(path), "-o", str(out), "--resume")
        assert made.status == 2 and "was not written by an earlier run" in made.err
        assert out.read_bytes() == before


def test_existing_files_are_not_written_again(corpus, tmp_path):
    path, _ = corpus
    words = ("-i", str(path), "-o", str(tmp_path / "x{n}.csv"))
    assert run(*words).status == 1
    (tmp_path / "x7.csv").unlink()
    before = {each.name: each.stat().st_mtime_ns for each in tmp_path.glob("x*.csv")}
    assert run(*words, "--resume").status == 1
    after = {each.name: each.stat().st_mtime_ns for each in tmp_path.glob("x*.csv")}
    assert len(after) == 39 and before.items() <= after.items()


def test_an_unrelated_file_is_not_resumed(corpus, tmp_path):
    path, _ = corpus
    (tmp_path / "x3.csv").write_text("mine")
    result = run("-i", str(path), "-o", str(tmp_path / "x{n}.csv"), "--resume")
    assert result.status == 2 and "x3.csv' is not what this run would write" in result.err
    assert (tmp_path / "x3.csv").read_text() == "mine"


def test_more_processes_write_the_same(corpus, tmp_path):
    path, whole = corpus
    out = tmp_path / "out.jsonl"
    assert run("-i", str(path), "-o", str(out), "--jobs", "2").status == 1
    assert out.read_bytes() == whole


def test_a_process_opens_a_model_once(monkeypatch):
    from attnviz.sources.model import open_model as from_model

    opened = []
    real = from_model.open_checkpoint
    from_model.open_cached.cache_clear()
    monkeypatch.setattr(
        from_model, "open_checkpoint", lambda *a, **k: opened.append(a) or real(*a, **k)
    )
    made = run("-m", str(MODELS / "bert"), "-f", "jsonl", stdin="the cat\nthe dog\nthe bird\n")
    assert made.status == 0 and len(opened) == 1


def test_a_model_that_changed_is_opened_again(tmp_path, monkeypatch):
    import shutil

    import attnviz

    folder = shutil.copytree(MODELS / "bert", tmp_path / "bert")
    before = attnviz.look("the cat", model=str(folder))
    shutil.copy(MODELS / "electra" / "config.json", folder / "config.json")
    os.utime(folder / "config.json", ns=(1, 1))
    from attnviz.errors import AttnvizError

    with pytest.raises(AttnvizError):
        attnviz.look("the cat", model=str(folder))
    assert before.n_layer


class Endless(io.BytesIO):
    """A stream of lines that knows how many were read."""

    n_read = 0

    def readline(self, size=-1):
        self.n_read += 1
        return b"words of a line without end\n"


def test_lines_are_read_as_they_are_needed():
    stream = Endless()
    env = Environment(stream, None, None, {}, stdin_is_piped=True)
    todo = pending_groups(
        read_sentences(env, [], {"input": "-", "context": None}), [StdoutWriter(env, True)], 1
    )
    for number in range(1, 4):
        assert stream.n_read == number - 1
        assert [item.number for item in next(todo)] == [number]


def test_results_are_written_one_by_one():
    seen = []

    def work(sentence):
        seen.append(sentence)
        return []

    given = ([Item(n, type("S", (), {"error": None})(), [])] for n in count(1))
    results = run_in_order(work, given, 1)
    for expected in range(1, 4):
        next(results)
        assert len(seen) == expected
    results.close()


def test_an_outcome_is_plain_data():
    import pickle

    for error in (MisuseError("x"), InvalidInputError("y"), None):
        made = pickle.loads(pickle.dumps(Outcome([b"x"], error, ("n",))))
        assert str(made.error) == str(error)


def terminal(**more):
    return Environment(None, io.BytesIO(), io.BytesIO(), {"TERM": "xterm"}, **more)


def test_progress_is_shown_on_a_terminal_only(tmp_path):
    path = tmp_path / "in.txt"
    path.write_text(FEW)
    for env, shown in (
        (terminal(stderr_is_tty=True), True),
        (terminal(), False),
        (terminal(stderr_is_tty=True, stdout_is_tty=True), True),
    ):
        with progress(env, [], str(path)) as tick:
            tick(4)
        assert bool(env.stderr.getvalue()) == shown
        assert env.stdout.getvalue() == b""
        if shown:
            assert b"4/4" in env.stderr.getvalue()


@pytest.mark.parametrize(("text", "n_line"), [("a\nb\n", 2), ("a\nb", 2), ("a", 1), ("", 0)])
def test_the_last_line_counts_without_a_line_break(text, n_line, tmp_path, monkeypatch):
    (tmp_path / "in.txt").write_text(text)
    monkeypatch.setattr("attnviz.cli.output.progress.READ_SIZE", 2)
    assert count_lines(str(tmp_path / "in.txt")) == n_line
    assert count_lines(None) is count_lines(str(tmp_path)) is None


def test_one_sentence_imports_no_batch_module():
    from tests.cli.test_startup import loaded

    modules = loaded("The cat sat on the mat")
    unwanted = (
        "attnviz.cli.batch.batch",
        "attnviz.cli.batch.process_pool",
        "attnviz.cli.input.records",
    )
    assert not {*unwanted, "concurrent.futures.process", "rich.progress"} & modules
