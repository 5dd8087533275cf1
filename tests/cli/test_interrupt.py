"""Processes stopped after some time: old bytes or a valid partial file, and a resumed run.

Only the start is tried in the suite: test_stopped_batch.py counts the moments of the writing.
"""

import os
import signal
import subprocess
import sys
import time

import pytest

from tests.cli.runner import run

N_MOMENT = 50
needs_soak = pytest.mark.skipif(
    "ATTNVIZ_SOAK" not in os.environ, reason="takes minutes: set ATTNVIZ_SOAK=1"
)
N_LINE = 60
PROGRAM = """
import os, attnviz.__main__ as program
signal = program.signal
program.signal = lambda *handler: (signal(*handler), os.write({fd}, b"."))
program.main()
"""
OLD = b"previous\n"


def start(folder, output, *words):
    """A batch run, as soon as it has its first handler of Ctrl-C."""
    reader, writer = os.pipe()
    command = [sys.executable, "-c", PROGRAM.format(fd=writer), "show", "-i", "in.txt", "-o"]
    process = subprocess.Popen(
        [*command, output, *words],
        cwd=folder, pass_fds=[writer], stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    os.close(writer)
    assert os.read(reader, 1) == b"."
    process.ready = reader  # stays open: every later handler writes a byte too
    return process


def results(folder):
    """The bytes of every file by name, without the input."""
    return {path.name: path.read_bytes() for path in folder.iterdir() if path.name != "in.txt"}


@pytest.fixture(scope="module", params=["all.jsonl", "{n}.json"])
def reference(request, tmp_path_factory):
    """An undisturbed run: the output option, its files and its duration."""
    folder = tmp_path_factory.mktemp("reference")
    write_corpus(folder)
    process = start(folder, request.param)
    began = time.perf_counter()
    assert process.wait() == 0
    process.stderr.close()
    return request.param, results(folder), time.perf_counter() - began


def write_corpus(folder):
    lines = [f"sentence number {n} of a corpus" for n in range(N_LINE)]
    (folder / "in.txt").write_text("\n".join(lines) + "\n")


def is_valid(name, data, complete):
    """Whether a file is one that a stopped run may leave."""
    if name.endswith(".partial"):
        return complete[name.removesuffix(".partial")].startswith(data)
    return data in (OLD, complete.get(name))


@needs_soak
@pytest.mark.parametrize("sent", [signal.SIGINT, signal.SIGKILL], ids=lambda sent: sent.name)
def test_a_run_stopped_at_any_moment_can_be_resumed(sent, reference, tmp_path, monkeypatch):
    output, complete, duration = reference
    n_stopped = 0
    for moment in range(N_MOMENT):
        folder = tmp_path / str(moment)
        folder.mkdir()
        write_corpus(folder)
        if output == "all.jsonl":
            (folder / output).write_bytes(OLD)
        with start(folder, output) as process:
            time.sleep(duration * 1.05 * (moment + 0.5) / N_MOMENT)
            process.send_signal(sent)
            errors = process.communicate()[1]
        left = results(folder)
        n_stopped += process.returncode != 0
        if sent == signal.SIGINT:
            assert process.returncode in (0, 130), errors
            assert "Traceback" not in errors and "Error" not in errors
            assert not [name for name in left if name.endswith(".tmp")]
        left = {name: data for name, data in left.items() if not name.endswith(".tmp")}
        assert [name for name in left if not is_valid(name, left[name], complete)] == []
        if left.get(output) == OLD:
            (folder / output).unlink()
        with monkeypatch.context() as patch:
            patch.chdir(folder)
            resumed = run("-i", "in.txt", "-o", output, "--resume")
        assert (resumed.status, resumed.err) == (0, "")
        assert results(folder) == complete
    print(f"{sent.name} {output}: {n_stopped} of {N_MOMENT} runs stopped before their end")
    assert n_stopped > 0


def test_bytes_of_another_run_are_not_valid():
    complete = {"all.jsonl": b"one\ntwo\n"}
    assert is_valid("all.jsonl.partial", b"one\ntw", complete)
    assert not is_valid("all.jsonl.partial", b"two\n", complete)
    assert not is_valid("all.jsonl", b"one\n", complete)


def test_an_interrupt_before_the_imports_prints_nothing(tmp_path):
    write_corpus(tmp_path)
    with start(tmp_path, "all.jsonl") as process:
        process.send_signal(signal.SIGINT)
        errors = process.communicate()[1]
    assert (process.returncode, results(tmp_path)) == (130, {})
    assert errors in ("", "interrupted\n")
