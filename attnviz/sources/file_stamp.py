"""File stamps: modification times and sizes by which a changed file is noticed."""

from __future__ import annotations

from pathlib import Path

FileStamp = tuple[tuple[str, int, int], ...]


def read_stamp(path: Path) -> FileStamp:
    """Name, modification time and size of a file, or of each file in a folder; else empty."""
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        states = [(file.name, file.stat()) for file in files]
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return ()
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)
