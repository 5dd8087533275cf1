"""Locked files: a file that one run of attnviz writes to is opened by no other."""

from __future__ import annotations

import contextlib
import os
from pathlib import Path
from typing import BinaryIO, Literal


def open_locked(path: Path, flags: int = 0) -> int:
    """A descriptor of a file that no other run of attnviz has open, for reading and writing.

    Raises BlockingIOError where one has.
    """
    while True:
        handle = os.open(path, os.O_RDWR | os.O_CREAT | getattr(os, "O_CLOEXEC", 0) | flags, 0o600)
        try:
            lock(handle)
            with contextlib.suppress(FileNotFoundError):
                if os.path.samestat(os.fstat(handle), path.stat()):
                    return handle  # still the file of this name: no other run has renamed it
        except BaseException:
            os.close(handle)
            raise
        os.close(handle)


def lock(handle: int) -> None:
    """Lock a file until it is closed; a system without such locks goes without."""
    try:
        from fcntl import LOCK_EX, LOCK_NB, flock
    except ImportError:  # not a POSIX system
        return
    flock(handle, LOCK_EX | LOCK_NB)


def open_stream(handle: int, mode: Literal["wb", "r+b"]) -> BinaryIO:
    """A stream that owns a descriptor; where there can be none, the descriptor is closed."""
    try:
        return os.fdopen(handle, mode)
    except BaseException:
        os.close(handle)
        raise
