"""Where many maps go: standard output, one file that grows, or a file each."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from pathlib import Path
from typing import Protocol

from attnviz.api.write import write_file
from attnviz.cli.environment import World
from attnviz.cli.output.filename_template import ID, named
from attnviz.cli.output.target import Target
from attnviz.errors import CouldNotError, MisuseError

WRITTEN, FAILED = b'{"format":"attnviz"', b'{"line":'  # how records begin


class Place(Protocol):
    """One place for the maps of many sentences, numbered from 1."""

    def has(self, number: int, id: str | None, text: str) -> bool:
        """Whether an earlier run put this one there."""

    def put(self, number: int, id: str | None, data: bytes) -> None:
        """Write one."""

    def fail(self, record: bytes) -> bool:
        """Write what was wrong, if this place holds records; whether it does."""

    def close(self) -> None:
        """Nothing more will come."""


@contextmanager
def places_for(
    world: World, targets: list[Target], *, many: bool, resume: bool = False
) -> Iterator[list[Place]]:
    """The places that targets stand for, closed in the end."""
    with ExitStack() as stack:
        yield [
            stack.enter_context(closing(place_of(world, target, many, resume)))
            for target in targets
        ]


def place_of(world: World, target: Target, many: bool, resume: bool) -> Place:
    """The place that a target stands for."""
    if target.path is None:
        if resume:
            raise MisuseError("--resume needs files: -o all.jsonl, or one each: -o out/{n}.png")
        return Stream(world, target.records)
    if target.each or not many:
        return Files(target.path, resume)
    if resume and not target.records:
        raise MisuseError(f"--resume cannot count what is in a {target.format.name} file")
    return Growing(Path(target.path), target.records, resume)


class Stream:
    """Standard output."""

    def __init__(self, world: World, records: bool) -> None:
        self.world, self.records = world, records
        self.close = lambda: None

    def has(self, number: int, id: str | None, text: str) -> bool:
        """Nothing that went out comes back."""
        return False

    def put(self, number: int, id: str | None, data: bytes) -> None:
        """All of it, now."""
        self.world.write(data)

    def fail(self, record: bytes) -> bool:
        """A record among the others."""
        if self.records:
            self.world.write(record)
        return self.records


class Growing:
    """One file to which one map after the other is appended.

    To resume, whole lines are counted, and a last one that is torn is dropped.
    """

    def __init__(self, path: Path, records: bool, resume: bool) -> None:
        self.path, self.records = path, records
        self.done, self.last, self.failed = 0, b"", False
        try:
            with ExitStack() as opened:
                self.file = opened.enter_context(
                    path.open("r+b" if resume and path.exists() else "wb")
                )
                if resume:
                    self.count()
                opened.pop_all()  # all is well: it stays open
        except OSError as error:
            raise CouldNotError(f"cannot write {str(path)!r}: {error.strerror}") from None

    def count(self) -> None:
        """Count the lines that are whole, and go to the end of the last."""
        end = 0
        for line in self.file:
            if not any(line.startswith(mark[: len(line)]) for mark in (WRITTEN, FAILED)):
                raise MisuseError(
                    f"cannot resume {str(self.path)!r}: its line {self.done + 1} is nothing that "
                    "an earlier run wrote"
                )
            if not line.endswith(b"\n"):
                break
            end += len(line)
            self.done, self.last = self.done + 1, line
            self.failed = self.failed or line.startswith(FAILED)
        self.file.truncate(end)
        self.file.seek(end)

    def has(self, number: int, id: str | None, text: str) -> bool:
        """Whether there are so many; the last one has to be of the same sentence."""
        if number == self.done:
            said = json.loads(self.last)
            if "error" not in said and said.get("text") != text:
                raise MisuseError(
                    f"cannot resume {str(self.path)!r}: its line {number} is of another sentence"
                )
        return number <= self.done

    def put(self, number: int, id: str | None, data: bytes) -> None:
        """Append, and let others see it."""
        try:
            self.file.write(data)
            self.file.flush()
        except OSError as error:
            raise CouldNotError(f"cannot write {str(self.path)!r}: {error.strerror}") from None

    def fail(self, record: bytes) -> bool:
        """A record among the others."""
        if self.records:
            self.put(0, None, record)
        return self.records

    def close(self) -> None:
        """What was appended stays."""
        self.file.close()


class Files:
    """A file each, complete the moment it is there."""

    def __init__(self, template: str, resume: bool) -> None:
        self.template, self.resume = template, resume
        self.taken: set[str] = set()
        self.close = lambda: None

    def has(self, number: int, id: str | None, text: str) -> bool:
        """Whether its file is there."""
        path = named(self.template, number, id)
        there = self.resume and path not in self.taken and Path(path).exists()
        if there:
            self.claim(path)
        return there

    def put(self, number: int, id: str | None, data: bytes) -> None:
        """Write its file; MisuseError for an id that came before."""
        path = named(self.template, number, id)
        if path in self.taken:
            raise MisuseError(f"the id {id!r} came before; a file each needs ids that differ")
        self.claim(path)
        write_file(path, data)

    def claim(self, path: str) -> None:
        """Remember names that are ids; numbers cannot come twice."""
        if ID in self.template:
            self.taken.add(path)

    def fail(self, record: bytes) -> bool:
        """There is no file for what was wrong."""
        return False
