"""Each fallible call of writing fails in turn: the old file is whole, or the new one is."""

import contextlib
import errno
import io
import os
from itertools import count
from pathlib import Path

import pytest

from attnviz.api.atomic_file import GrowingFile, write_file
from attnviz.errors import CouldNotError

OLD, RECORDS = b"old bytes\n", [b"first record\n", b"second record\n", b"third record\n"]
NEW = b"".join(RECORDS)
ERRORS = [OSError(code, os.strerror(code)) for code in (errno.ENOSPC, errno.EIO, errno.EINTR)]
ERRORS += [MemoryError(), KeyboardInterrupt()]
CALLS = ((os, "open"), (os, "dup"), (Path, "chmod"), (Path, "replace"))


class Failures:
    """Counts fallible calls, and lets the k-th one fail."""

    def __init__(self, patch, k, error):
        self.k, self.error, self.n = k, error, 0
        patch.setattr(os, "fdopen", self.wrap(lambda handle, mode: FailingFile(handle, self)))
        for owner, name in CALLS:
            patch.setattr(owner, name, self.wrap(getattr(owner, name)))

    def wrap(self, function):
        def call(*args, **options):
            self.n += 1
            if self.n == self.k:
                raise self.error
            return function(*args, **options)

        return call


class FailingFile(io.FileIO):
    """A file of which each write, also half-way, and each flush is a fallible call."""

    def __init__(self, handle, failures):
        super().__init__(handle, "r+")
        self.failures = failures

    def write(self, data):
        half = len(data) // 2
        self.failures.wrap(super().write)(data[:half])
        return half + self.failures.wrap(super().write)(data[half:])

    def flush(self):
        self.failures.wrap(super().flush)()


def write_whole(path):
    write_file(path, iter(RECORDS))


def write_in_steps(path):
    file = GrowingFile(path)
    try:
        for record in RECORDS:
            file.append(record)
        file.commit()
    finally:
        file.close()


def write_resumed(path):
    """A resumed run reads the finished lines, here to write others in their place."""
    file = GrowingFile(path, resume=True)
    try:
        assert [*file.lines()] == [OLD]
        file.truncate(0)
        for record in RECORDS:
            file.append(record)
        file.commit()
    finally:
        file.close()


def left_over(folder, path):
    """What the files of a folder hold, but for the target."""
    return [file.read_bytes() for file in folder.iterdir() if file != path]


def open_files(folder):
    """The files of a folder that this process has open, as far as the system tells."""
    links, paths = Path("/proc/self/fd"), []
    for link in links.iterdir() if links.is_dir() else ():
        with contextlib.suppress(FileNotFoundError):  # that of the folder of links itself
            paths.append(str(link.readlink()))
    return [path for path in paths if path.startswith(str(folder))]


@pytest.mark.parametrize("write", [write_whole, write_in_steps, write_resumed])
@pytest.mark.parametrize("error", ERRORS, ids=lambda e: getattr(e, "strerror", type(e).__name__))
def test_whichever_call_fails_no_file_is_torn(write, error, tmp_path):
    expected = CouldNotError if isinstance(error, OSError) else type(error)
    for k in count(1):
        folder = tmp_path / str(k)
        folder.mkdir()
        path = folder / "map.jsonl"
        path.write_bytes(OLD)
        with pytest.MonkeyPatch.context() as patch:
            failures = Failures(patch, k, error)
            try:
                write(path)
            except expected:
                has_failed = True
            else:
                has_failed = False
        assert path.read_bytes() in ((OLD, NEW) if has_failed else (NEW,)), k
        # A file that grows keeps its whole records for --resume.
        allowed = [NEW[:n] for n in (13, 27, 40)] if write is not write_whole else []
        assert all(data in allowed for data in left_over(folder, path)), k
        assert open_files(folder) == [], k
        if failures.n < k:
            break
    assert not has_failed and k > 8
