"""attnviz effect over a file: stopped, resumed, and what cannot be resumed."""

import json
import signal
from pathlib import Path

import pytest

from attnviz.cli.batch import effect_corpus
from tests.cli.runner import run
from tests.cli.stopped_run import count_moments, run_stopped

TEXTS = ("river seven river", "clock green clock", "the cat the cat")
WORDS = ("effect", "-i", "in.txt", "-m", "induction", "-o", "e.json")
RECORD = "e.json.sentences.partial"


@pytest.fixture(autouse=True)
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    Path("in.txt").write_text("\n".join(TEXTS) + "\n")
    return tmp_path


def results():
    """The bytes of every file by name, without the input."""
    return {path.name: path.read_bytes() for path in Path().iterdir() if path.name[:3] != "in."}


def test_a_stopped_run_is_resumed_to_the_same_bytes(folder):
    n_moment = count_moments(WORDS)
    complete = results()
    assert [*complete] == ["e.json"]
    for sent, moment in ((signal.SIGINT, 2 * n_moment // 3), (signal.SIGKILL, 3 * n_moment // 4)):
        Path("e.json").unlink()
        status, errors = run_stopped(WORDS, folder, sent, moment)
        assert status == 128 + sent, errors
        assert ("--resume continues them" in errors) == (sent == signal.SIGINT)
        assert [*results()] == [RECORD]
        resumed = run(*WORDS, "--resume")
        assert (resumed.status, resumed.err) == (0, "")
        assert results() == complete


def test_a_resumed_run_computes_what_is_missing_only(monkeypatch):
    """The second line is invalid, so that the first run ends there."""
    computed, compute = [], effect_corpus.effect

    def record(text, **options):
        computed.append(text)
        return compute(text, **options)

    monkeypatch.setattr(effect_corpus, "effect", record)
    lines = [json.dumps({"text": text}) for text in TEXTS]
    Path("in.jsonl").write_text("\n".join((lines[0], "{", *lines[1:])))
    words = ("effect", "-i", "in.jsonl", "-m", "induction", "-o", "e.json")
    whole = run(*words)
    complete = results()
    assert whole.status == 1 and whole.err.count("\n") == 1 and computed == [*TEXTS]
    stopped = run(*words, "--fail-fast")
    assert stopped.status == 1 and "--resume continues them" in stopped.err
    with Path(RECORD).open("ab") as file:
        file.write(b'{"format":"attnv')  # torn by a kill
    computed.clear()
    resumed = run(*words, "--resume")
    assert (resumed.status, resumed.err) == (1, "") and computed == [*TEXTS[1:]]
    assert results() == complete


def test_a_fresh_run_does_not_count_what_an_earlier_one_left():
    assert run(*WORDS).status == 0
    complete = results()
    Path("e.json").unlink()
    Path(RECORD).write_bytes(b'{"left": "by a killed run"}\n')
    made = run(*WORDS)
    assert made.status == 0 and "note: replacing the unfinished results" in made.err
    assert results() == complete


def test_what_cannot_be_resumed():
    words = ("effect", "-i", "in.txt", "-m", "induction")
    stop = ("-o", "e.csv", "--fail-fast")
    Path("in.txt").write_bytes(f"{TEXTS[0]}\n".encode() + b"\xff\n")
    Path("other.txt").write_text(TEXTS[1])
    assert run(*words, *stop).status == 1
    kept = results()
    for more, reason in (
        ((), "--resume needs a file: -o effects.csv"),
        (("-o", "e.csv", "--replace", "uniform"), "--replace 'zero', this run has --replace 'uni"),
        (("-o", "e.csv", "--token", "green"), "without --token, this run has --token 'green'"),
        (("-o", "e.csv", "-i", "other.txt"), "line 1 is of another sentence"),
    ):
        source = () if "-i" in more else ("-i", "in.txt")
        refused = run("effect", *source, "-m", "induction", *more, "--resume")
        assert refused.status == 2 and reason in refused.err, refused.err
        assert results() == kept
    without = run("effect", TEXTS[0], "-m", "induction", "-o", "e.csv", "--resume")
    assert "--resume has no effect without --input" in without.err
    again = run(*words, *stop)
    assert "note: replacing the unfinished results in" in again.err


def test_results_of_more_sentences_than_the_input_are_not_resumed():
    words = ("effect", "-i", "in.txt", "-m", "induction", "-o", "e.csv")
    whole = Path("in.txt").read_bytes()
    Path("in.txt").write_bytes(whole + b"\xff\n")
    assert run(*words, "--fail-fast").status == 1
    show = ("show", "-i", "in.txt", "-o", "all.jsonl")
    Path("in.txt").write_bytes(whole)
    assert run(*show).status == 0
    Path("in.txt").write_text(TEXTS[0])
    kept = results()
    for command, n in ((words, 4), (show, 3)):
        refused = run(*command, "--resume")
        assert refused.status == 2 and f"it holds {n} sentences, the input 1" in refused.err
        assert results() == kept


@pytest.mark.parametrize(
    ("part", "other"),
    [(b'"<f8"', b'"O"'), (b'"values":{"KL"', b'"values":{"x"'), (b'["<f8",[', b'["<f8",[[0],')],
)
def test_a_damaged_record_is_refused(part, other):
    words = ("effect", "-i", "in.txt", "-m", "induction", "-o", "e.csv")
    Path("in.txt").write_bytes(f"{TEXTS[0]}\n".encode() + b"\xff\n")
    assert run(*words, "--fail-fast").status == 1
    record = Path("e.csv.sentences.partial")
    assert part in record.read_bytes()
    record.write_bytes(record.read_bytes().replace(part, other, 1))
    refused = run(*words, "--resume")
    assert refused.status == 3 and "line 1 is damaged; remove the file" in refused.err
