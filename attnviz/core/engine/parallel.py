"""Parallel execution: independent tasks, run one by one or by the threads of the caller."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextvars import ContextVar
from typing import Any, TypeVar

Task = TypeVar("Task")
Result = TypeVar("Result")
Executor = Callable[[Callable[[Any], Any], Sequence[Any], bool], Iterator[Any]]


def run_sequentially(
    work: Callable[[Any], Any], tasks: Sequence[Any], is_large: bool
) -> Iterator[Any]:
    """Run the tasks one after the other, each when its result is read."""
    del is_large
    return map(work, tasks)


executor: ContextVar[Executor] = ContextVar("executor", default=run_sequentially)


def map_tasks(
    work: Callable[[Task], Result], tasks: Sequence[Task], *, is_large: bool = True
) -> Iterator[Result]:
    """The result of every task, in the order of the tasks, whichever thread runs it.

    Tasks must not depend on each other and may write only to memory of their own. Unless
    `is_large`, the executor starts no threads for them. A single large task goes to it too, since
    it keeps BLAS from starting threads of its own.
    """
    if len(tasks) < 2 and not is_large:
        return map(work, tasks)
    return executor.get()(work, tasks, is_large)
