"""Find a row of a table by its name, or say which name was probably meant."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol, TypeVar

from attnviz.errors import UnknownNameError


class Named(Protocol):
    """Anything with a name: a variant, a format, a part, a family."""

    @property
    def name(self) -> str:
        """What users type."""


Row = TypeVar("Row", bound=Named)


def find(rows: Iterable[Row], name: str, kind: str) -> Row:
    """The row called `name` (or with that alias).

    Case and the choice of hyphen or underscore do not matter. Rows are looked at one by one,
    so a table that loads itself piece by piece loads no more than it must.
    Raises UnknownNameError with the nearest names, or with all when none is near.
    """
    wanted = plain(name)
    seen: list[str] = []
    for row in rows:
        names = names_of(row)
        if wanted in map(plain, names):
            return row
        seen += names
    raise UnknownNameError(unknown(name, seen, kind))


def unknown(name: str, names: Iterable[str], kind: str) -> str:
    """The sentence about a name that is not there, with the near ones."""
    from difflib import get_close_matches

    names = list(names)
    near = get_close_matches(plain(name), names, n=3, cutoff=0.6)
    if near:
        guess = " or ".join(repr(n) for n in near)
        return f"unknown {kind} {name!r}. Did you mean {guess}?"
    return f"unknown {kind} {name!r}. There are: {', '.join(names)}"


def names_of(row: Named) -> tuple[str, ...]:
    """Its name, then its aliases."""
    return (row.name, *getattr(row, "aliases", ()))


def plain(name: str) -> str:
    """A name without its accidents: lower case, hyphens."""
    return name.strip().lower().replace("_", "-")
