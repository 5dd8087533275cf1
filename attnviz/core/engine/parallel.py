"""Many pieces of work of one kind, done in turn or by whoever is there to share them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
Share = Callable[[Callable[[Any], Any], Sequence[Any], bool], Iterator[Any]]


def alone(work: Callable[[Any], Any], tasks: Sequence[Any], much: bool) -> Iterator[Any]:
    """One after the other, each when its result is wanted."""
    del much
    return map(work, tasks)


share: ContextVar[Share] = ContextVar("share", default=alone)


def each(
    work: Callable[[Task], Result], tasks: Sequence[Task], *, much: bool = True
) -> Iterator[Result]:
    """What comes of every task, in the order of the tasks, whoever did it and when.

    Tasks must not wait for each other, and may write only where no other does. One task alone
    is done at once, without any fuss; what is not `much` is shared only where somebody is at
    work already.
    """
    return map(work, tasks) if len(tasks) < 2 else share.get()(work, tasks, much)
