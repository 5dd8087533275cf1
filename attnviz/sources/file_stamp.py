"""File stamps: modification times and sizes by which a changed file is noticed."""

from __future__ import annotations

import os
from pathlib import Path
from stat import S_ISDIR

FileStamp = tuple[tuple[str, int, int], ...]


def read_stamp(path: Path) -> FileStamp:
    """Name, modification time and size of a file, or of each file in a folder; else empty."""
    try:
        states = [(path.name, path.stat())]
        if S_ISDIR(states[0][1].st_mode):
            with os.scandir(path) as entries:
                states = [(entry.name, entry.stat()) for entry in entries]
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return ()
    return tuple(sorted((name, state.st_mtime_ns, state.st_size) for name, state in states))
