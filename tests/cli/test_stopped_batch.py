"""Batches stopped at counted moments, and stopped again while they are resumed.

A few moments of each signal; fifty where ATTNVIZ_SOAK is set.
"""

import os
import signal
from pathlib import Path

import pytest

from tests.cli.runner import run
from tests.cli.stopped_run import count_moments, run_stopped

N_MOMENT = 50 if os.environ.get("ATTNVIZ_SOAK") else 2
N_LINE = 4
LINES = "".join(f"sentence number {n}\n" for n in range(N_LINE))
OUTPUTS = {
    "lines": ("-o", "all.jsonl"),
    "a file each": ("-o", "{n}.json"),
    "parquet": ("-o", "{n}.parquet"),
    "both": ("-o", "all.jsonl", "-o", "{n}.npz"),
}
# What an earlier run over fewer sentences has written: these targets, of the complete result.
EARLIER = {"all.jsonl": 2, "2.json": None, "1.parquet": None, "3.npz": None}


def results(folder):
    """The bytes of every file by name, without the input."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "in.txt"}


def earlier_results(complete):
    """The files of EARLIER: whole, or their first lines."""
    return {
        name: b"".join(complete[name].splitlines(keepends=True)[:n_line])
        for name, n_line in EARLIER.items()
        if name in complete
    }


@pytest.fixture(scope="module", params=OUTPUTS)
def undisturbed(request, tmp_path_factory):
    """The words of a run, its number of moments and its files."""
    folder = tmp_path_factory.mktemp("undisturbed")
    words = ("-i", "in.txt", "--heads", "2", *OUTPUTS[request.param])
    before = Path.cwd()
    os.chdir(folder)
    try:
        Path("in.txt").write_text(LINES)
        assert run(*words).status == 0
        complete = results(folder)
        write_files(folder, earlier_results(complete))
        n_moment = count_moments(words)
    finally:
        os.chdir(before)
    return words, n_moment, complete


def write_files(folder, files):
    """Leave these files, and the input, in a folder."""
    for path in folder.iterdir():
        path.unlink()
    for name, data in {"in.txt": LINES.encode(), **files}.items():
        (folder / name).write_bytes(data)


def find_faults(left, complete, earlier, sent):
    """The files that a stopped run may not leave.

    A target is as before or complete; what grows has the beginning of the complete result, after
    an interrupt in whole lines; temporary files stay after a kill only.
    """
    faults = []
    for name, data in left.items():
        target = complete.get(name.removesuffix(".partial"), b"")
        if name.endswith(".tmp"):
            is_right = sent == signal.SIGKILL
        elif name.endswith(".partial"):
            is_torn = bool(data) and not data.endswith(b"\n")
            is_right = target.startswith(data) and not (is_torn and sent == signal.SIGINT)
        else:
            is_right = data in (earlier.get(name), target)
        if not is_right:
            faults.append(name)
    return faults + [name for name in earlier if name not in left]


@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=lambda sent: sent.name)
def test_a_stopped_batch_loses_nothing_and_can_be_resumed(
    undisturbed, sent, tmp_path, monkeypatch
):
    words, n_moment, complete = undisturbed
    earlier = earlier_results(complete)
    for i in range(N_MOMENT):
        moment = 1 + (2 * i + 1) * n_moment // (2 * N_MOMENT)
        folder = tmp_path / str(i)
        folder.mkdir()
        write_files(folder, earlier)
        for stopped in (words, (*words, "--resume")):
            status, errors = run_stopped(stopped, folder, sent, moment)
            left = results(folder)
            assert find_faults(left, complete, earlier, sent) == [], (moment, stopped)
            if stopped == words:
                assert status == 128 + sent, (moment, errors)
            assert status in (0, 128 + sent), (moment, errors)
            assert "rror" not in errors and "Traceback" not in errors, (moment, errors)
        monkeypatch.chdir(folder)
        resumed = run(*words, "--resume")
        assert (resumed.status, resumed.err) == (0, ""), moment
        assert results(folder) == complete, moment


def test_invalid_remains_of_a_stopped_run_are_found():
    complete, earlier = {"all.jsonl": b"one\ntwo\n"}, {"all.jsonl": b"one\n"}
    kept = {"all.jsonl": b"one\n"}
    for left, faults in (
        ({**kept, "all.jsonl.partial": b"one\ntw"}, ["all.jsonl.partial"]),
        ({**kept, "all.jsonl.partial": b"two\n"}, ["all.jsonl.partial"]),
        ({"all.jsonl": b""}, ["all.jsonl"]),
        ({**kept, ".attnviz-0.tmp": b""}, [".attnviz-0.tmp"]),
        ({}, ["all.jsonl"]),
        ({**kept, "all.jsonl.partial": b"one\n"}, []),
    ):
        assert find_faults(left, complete, earlier, signal.SIGINT) == faults
    torn = {**kept, "all.jsonl.partial": b"one\ntw", ".attnviz-0.tmp": b""}
    assert find_faults(torn, complete, earlier, signal.SIGKILL) == []


def test_every_file_takes_many_moments(undisturbed):
    _, n_moment, complete = undisturbed
    assert n_moment > 20 * len(complete)
