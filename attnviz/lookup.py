"""Lookup by name: the row of a table with a name or alias, and suggestions for unknown names."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from attnviz.errors import UnknownNameError

LIST_ALL = 15  # up to this many names are all listed
LISTED = 10  # of more, this many
QUOTED = 60  # characters of an unknown name that are quoted


class HasName(Protocol):
    """Anything with a name: a variant, a format, a part, a family."""

    @property
    def name(self) -> str:
        """The name that users type."""


Row = TypeVar("Row", bound=HasName)


def find_by_name(rows: Iterable[Row], name: str, kind: str, next_step: str = "") -> Row:
    """The row with this name or alias.

    Case does not matter, nor does the choice between hyphen and underscore. Rows are read one by
    one, so that a table which imports its rows lazily imports no more than necessary.
    Raises UnknownNameError with the nearest names, or with the first ones and the next step.
    """
    normalized = normalize_name(name)
    names: list[str] = []
    aliases: list[str] = []
    for row in rows:
        if normalized in map(normalize_name, names_of(row)):
            return row
        names.append(row.name)
        aliases += names_of(row)[1:]
    raise UnknownNameError(unknown_name_message(name, names, kind, next_step, aliases))


def unknown_name_message(
    name: str, names: Iterable[str], kind: str, next_step: str = "", aliases: Iterable[str] = ()
) -> str:
    """The message for an unknown name: at most three near names, else the first names.

    `next_step` is an instruction after the list; `aliases` are suggested, but not listed.

    >>> unknown_name_message("jsn", ["json", "html"], "format")
    "unknown format 'jsn'. Did you mean 'json'?"
    """
    from difflib import get_close_matches

    names = list(names)
    quoted = repr(name if len(name) <= QUOTED else name[:QUOTED] + "…")
    near = get_close_matches(normalize_name(name), [*names, *aliases], n=3, cutoff=0.6)
    if near:
        return f"unknown {kind} {quoted}. Did you mean {' or '.join(map(repr, near))}?"
    listed = ", ".join(names)
    if len(names) > LIST_ALL:
        listed = f"{', '.join(names[:LISTED])}, … ({len(names)} in all)"
    return f"unknown {kind} {quoted}. Choose from: {listed}{next_step and f'; {next_step}'}"


def names_of(row: HasName) -> tuple[str, ...]:
    """The name of a row, then its aliases."""
    return (row.name, *getattr(row, "aliases", ()))


def normalize_name(name: str) -> str:
    """A name in lower case, with hyphens for underscores and without surrounding spaces."""
    return name.strip().lower().replace("_", "-")


def read_source(path: str) -> bytes:
    """A source file, to see which names it quotes; empty where there is none, as in an archive."""
    try:
        with open(path, "rb", buffering=0) as file:  # noqa: PTH123 (faster)
            return file.read()
    except OSError:
        return b""
