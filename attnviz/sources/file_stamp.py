"""Whether files are still what they were when they were read."""

from __future__ import annotations

from pathlib import Path

Stamp = tuple[tuple[str, int, int], ...]


def stamp(path: Path) -> Stamp:
    """Name, time and size of a file, or of the files in a folder; nothing where there is none."""
    try:
        files = sorted(path.iterdir()) if path.is_dir() else [path]
        states = [(file.name, file.stat()) for file in files]
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return ()
    return tuple((name, state.st_mtime_ns, state.st_size) for name, state in states)
