"""What a resumed run takes over from an earlier one."""

import json

import pytest

from attnviz.cli.output.earlier_run import EarlierRun
from attnviz.cli.output.target import Target, require_distinct_files
from attnviz.errors import MisuseError
from attnviz.render.formats import find_format
from tests.cli.runner import run


def record(text, **meta):
    """The line of one sentence, as a batch writes it."""
    line = {"format": "attnviz", "format_version": "1.0", "text": text, "meta": meta}
    return json.dumps(line, separators=(",", ":")).encode() + b"\n"


ERROR = b'{"line":2,"error":"not UTF-8"}\n'
LINES = (record("a"), ERROR, record("c"))


def test_complete_lines_count_and_a_torn_one_does_not():
    earlier = EarlierRun("all.jsonl", {})
    assert earlier.read([*LINES, record("d")[:-1]]) == sum(map(len, LINES))
    assert [earlier.has(n, text) for n, text in enumerate("abcd", start=1)] == [True] * 3 + [False]
    assert earlier.has_errors
    with pytest.raises(MisuseError, match="line 3 is of another sentence"):
        earlier.has(3, "x")


def test_without_an_error_record_there_were_no_errors():
    earlier = EarlierRun("all.jsonl", {})
    earlier.read(LINES[:1])
    assert not earlier.has_errors


def test_a_line_of_another_program_is_refused():
    with pytest.raises(MisuseError, match="line 2 was not written by an earlier run"):
        EarlierRun("all.jsonl", {}).read([LINES[0], b'{"text":"b"}\n'])


def test_errors_of_the_earlier_run_stay_in_the_status(tmp_path):
    """Nothing is left to do, and the file has an error record."""
    words = ("-o", str(tmp_path / "all.jsonl"))
    lines = b"a b\n\xff\n"
    assert run(*words, stdin=lines).status == 1
    before = (tmp_path / "all.jsonl").read_bytes()
    assert run(*words, "--resume", stdin=lines).status == 1
    assert (tmp_path / "all.jsonl").read_bytes() == before


def test_lines_of_white_space_are_no_sentences():
    made = run("-f", "jsonl", stdin="a b\n \t\n\nc d\n")
    assert [json.loads(line)["text"] for line in made.out.splitlines()] == ["a b", "c d"]


def test_an_error_states_the_line_of_the_input():
    """Blank lines are lines too."""
    made = run("-f", "jsonl", stdin=b"a b\n\n\xff\n")
    assert json.loads(made.out.splitlines()[1])["line"] == 3


def test_each_output_gets_what_it_lacks_and_no_more(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    words = ("-o", "all.jsonl", "-o", "{n}.csv")
    assert run(*words, stdin="a b\nc d\n").status == 0
    whole = {path.name: path.read_bytes() for path in tmp_path.iterdir()}
    (tmp_path / "2.csv").unlink()
    assert run(*words, "--resume", stdin="a b\nc d\n").status == 0
    assert {path.name: path.read_bytes() for path in tmp_path.iterdir()} == whole


def test_standard_output_may_not_be_the_input():
    """As in `attnviz -i s.txt >> s.txt`, which would read what it writes."""
    inputs, table = frozenset({(1, 2)}), find_format("table")
    with pytest.raises(MisuseError, match="standard output is also the input"):
        require_distinct_files([Target(table)], inputs, stdout=(1, 2))
    require_distinct_files([Target(table)], inputs, stdout=(1, 3))
    require_distinct_files([Target(table, "a.txt")], inputs, stdout=(1, 2))
