"""Target: where the maps of a command go, and in which format."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from attnviz.cli.environment import FileId, file_id
from attnviz.cli.output.filename_template import is_template
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import CouldNotError, MisuseError
from attnviz.record import Record
from attnviz.render.output_format import Format
from attnviz.render.style import Style

# Options that may name a file which the command reads.
FILE_OPTIONS = [
    "tokens",
    "query_tokens",
    "key_tokens",
    "attention_mask",
    "tokenizer",
    "embedding",
    "corpus",
]


class Target(Record):
    """One output of every map, in one format. Without a path: standard output."""

    format: Format
    path: str | None = None
    graphics: str = "off"
    is_joined: bool = False  # one file holds the maps of several texts, joined by its format

    @property
    def is_file_per_map(self) -> bool:
        """Whether every map gets a file of its own."""
        return self.path is not None and is_template(self.path)

    @property
    def is_json_lines(self) -> bool:
        """Whether it holds one document per line."""
        return self.format.holds_many and not self.format.is_visual


def join_targets(targets: Sequence[Target]) -> list[Target]:
    """The targets of several texts: files of formats that join them do so."""
    return [
        replace(target, is_joined=True)
        if target.format.joiner and target.path is not None and not target.is_file_per_map
        else target
        for target in targets
    ]


class StyledMap(Record, eq=False):
    """A map for a file that joins several, and how it is drawn."""

    amap: AttentionMap
    style: Style


def require_distinct_files(
    targets: Sequence[Target], inputs: frozenset[FileId], stdout: FileId | None = None
) -> None:
    """Raise MisuseError for an output that is also input, or that is given twice."""
    if stdout in inputs and any(target.path is None for target in targets):
        raise MisuseError("standard output is also the input; write to another file")
    used: dict[FileId | str, str] = {}
    for path in (target.path for target in targets if target.path is not None):
        identity = file_id(path)
        if identity in inputs:
            raise MisuseError(f"{path!r} is also the input; write to another file")
        key = identity or real_path(path)
        if key in used:
            raise MisuseError(f"--output {used[key]!r} and {path!r} are the same file")
        used[key] = path


def option_files(options: Mapping[str, Any]) -> frozenset[FileId]:
    """The files that options name, which a command reads."""
    values = [options.get(name) for name in FILE_OPTIONS]
    found = [file_id(value) for value in values if isinstance(value, str)]
    return frozenset(each for each in found if each is not None)


def real_path(path: str) -> str:
    """The path without links; CouldNotError for a path that no system call takes (NUL)."""
    try:
        return os.path.realpath(path)
    except ValueError as error:
        raise CouldNotError(f"cannot write {path!r}: the path is invalid: {error}") from None
