"""A folder that may be a checkpoint: the names in it, and the settings of its config.json."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from itertools import islice
from pathlib import Path
from typing import Any

from attnviz.errors import AttnvizError
from attnviz.sources.checkpoint.config import read_json

CONFIG = "config.json"
LFS_POINTER = b"version https://git-lfs"
MAX_NAMES = 4096  # names of a folder that are read


class Folder:
    """A folder: the names in it, and the settings of its config.json, where it has one."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.names = sorted(entry.name for entry in list_folder(path))
        self.config: Mapping[str, Any] = read_settings(path / CONFIG)

    def first(self, *ends: str) -> str:
        """The first name with one of these ends; "" where there is none."""
        return next((name for name in self.names if name.endswith(ends)), "")

    def has(self, *names: str) -> bool:
        """Whether one of these names is there."""
        return any(name in self.names for name in names)

    def option(self, *parts: str) -> str:
        """--model with a path below this folder, as it is typed."""
        return f"--model {quote(self.path.joinpath(*parts))}"


def list_folder(path: Path) -> list[Path]:
    """The first MAX_NAMES entries of a folder; none where it cannot be read."""
    try:
        return list(islice(path.iterdir(), MAX_NAMES))
    except OSError:
        return []


def read_settings(path: Path) -> Mapping[str, Any]:
    """The values of a JSON file; empty where there is none, or where it is damaged."""
    try:
        return read_json(path) if path.is_file() else {}
    except AttnvizError:  # reading it again says so
        return {}


def quote(path: Path) -> str:
    """A path as it is typed in a shell; printable."""
    text = str(path)
    return shlex.quote(text) if text.isprintable() else repr(text)


def is_model(path: Path) -> bool:
    """Whether a folder has a config.json."""
    return (path / CONFIG).is_file()


def is_lfs_pointer(path: Path) -> bool:
    """Whether a file is a pointer of Git LFS, in place of its content."""
    try:
        with path.open("rb") as file:
            return file.read(len(LFS_POINTER)) == LFS_POINTER
    except OSError:
        return False
