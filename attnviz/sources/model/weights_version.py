"""Which weights a model had: the revision of the Hub, and a fingerprint of the files."""

from __future__ import annotations

import re
from functools import lru_cache
from hashlib import sha256
from pathlib import Path

from attnviz.sources.file_stamp import FileStamp, read_stamp

SNAPSHOT = re.compile(r"snapshots[/\\]([0-9a-f]{40})(?:[/\\]|\Z)")
PART = 1 << 20  # bytes at the start, the middle and the end of a file


def find_revision(files: tuple[Path, ...]) -> str | None:
    """The commit of the Hub that files in its cache are of; None for other folders."""
    matches = (SNAPSHOT.search(str(path)) for path in files)
    return next((match[1] for match in matches if match), None)


def fingerprint(files: tuple[Path, ...]) -> str:
    """A hash that differs between versions of weights.

    It covers the size of each file and three parts of it, so that a large model takes no time;
    it is not the checksum of a file. Names do not count.
    """
    return hash_files(files, tuple(read_stamp(path) for path in files))


@lru_cache(maxsize=4)
def hash_files(files: tuple[Path, ...], stamps: tuple[FileStamp, ...]) -> str:
    """The fingerprint of files that have these stamps."""
    total = sha256()
    for path in sorted(files):
        with path.open("rb") as file:
            size = path.stat().st_size
            total.update(size.to_bytes(8, "little"))
            for start in sorted({0, max(0, (size - PART) // 2), max(0, size - PART)}):
                file.seek(start)
                total.update(file.read(PART))
    return f"sha256:{total.hexdigest()[:16]}"
