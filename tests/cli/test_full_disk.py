"""A disk that is full, for every format: one line, status 1, no temporary file, the old file."""

import errno
import io
import os
from dataclasses import replace
from pathlib import Path

import pytest

from attnviz.cli.main import run as run_words
from attnviz.render.formats import FORMATS
from tests.cli.runner import environment, run

NAMES = [row.name for row in FORMATS]
REASON = os.strerror(errno.ENOSPC)


def no_space(*_, **__):
    raise OSError(errno.ENOSPC, REASON)


class FullFile(io.FileIO):
    """A file on a disk that fills up when `step` is called."""

    step = ""

    def write(self, data):
        return no_space() if self.step == "write" else super().write(data)

    def flush(self):
        return no_space() if self.step == "flush" else super().flush()

    def close(self):
        """A buffered disk reports a full one when the file is closed."""
        is_open = not self.closed
        super().close()
        if is_open and self.step == "close":
            no_space()


@pytest.fixture
def fill(monkeypatch):
    """Let the disk be full at a step."""

    def fill_at(step):
        if step in ("chmod", "replace"):
            monkeypatch.setattr(Path, step, no_space)
        else:
            monkeypatch.setattr(FullFile, "step", step)
            monkeypatch.setattr(os, "fdopen", lambda handle, mode: FullFile(handle, "r+"))

    return fill_at


@pytest.mark.parametrize(
    ("name", "step"),
    [(name, "write") for name in NAMES] + [("csv", s) for s in ("close", "chmod", "replace")],
)
def test_a_full_disk_leaves_the_old_file(name, step, fill, tmp_path):
    path = tmp_path / "map"
    path.write_bytes(b"the old file")
    fill(step)
    made = run("a b", "-f", name, "-o", str(path))
    assert (made.status, made.out) == (1, "")
    assert made.err == f"error: cannot write {str(path)!r}: {REASON}\n"
    assert path.read_bytes() == b"the old file"
    assert [file.name for file in tmp_path.iterdir()] == ["map"]


@pytest.mark.parametrize("step", ["write", "flush", "chmod", "replace"])
def test_a_full_disk_leaves_the_old_records(step, fill, tmp_path):
    path = tmp_path / "all.jsonl"
    path.write_bytes(b"the old file")
    fill(step)
    made = run("-o", str(path), stdin="a b\nc d\n")
    assert (made.status, made.out) == (1, "")
    *notes, last = made.err.splitlines()
    assert last == f"error: cannot write {str(path)!r}: {REASON}"
    assert path.read_bytes() == b"the old file"
    left = [file.name for file in tmp_path.iterdir() if file != path]
    is_complete = step in ("chmod", "replace")  # all records are there, without their name
    assert left == (["all.jsonl.partial"] if is_complete else [])
    assert len(notes) == len(left)
    assert all("all.jsonl.partial" in note for note in notes)


@pytest.mark.parametrize("name", NAMES)
def test_a_full_standard_output_is_one_line(name):
    with Path("/dev/full").open("wb", buffering=0) as full:
        env = replace(environment(), stdout=full)
        assert run_words(["a b", "-f", name], env) == 1
    err = env.stderr.getvalue().decode()
    assert err == f"error: cannot write to standard output: {REASON}\n"
