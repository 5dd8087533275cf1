"""A few threads for large work, and one thread for BLAS while they are at it.

Both at once would be many threads for few processors, which wait for each other. How work
falls into pieces does not depend on how many threads there are (core/blocks.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from threading import Lock
from typing import Any

from attnviz.core.engine.parallel import Share, alone, share

Work = Callable[[Any], Any]


@contextmanager
def threads(n_thread: int | None = None) -> Iterator[None]:
    """While it lasts, large work is shared; nothing starts before there is some.

    Also a decorator. Without a number: as many as OMP_NUM_THREADS says, else as there are
    processors.
    """
    with ExitStack() as stack:
        started: list[Share] = []

        def shared(work: Work, tasks: Sequence[Any], much: bool) -> Iterator[Any]:
            if not started:
                if not much:
                    return alone(work, tasks, much)
                started.append(start(stack, n_thread or processors()))
            return started[0](work, tasks, much)

        stack.callback(share.reset, share.set(shared))
        yield


def start(stack: ExitStack, n_thread: int) -> Share:
    """Several threads at work, this one among them, until the stack is closed."""
    stack.enter_context(one_blas_thread())
    if n_thread == 1:
        return alone
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(n_thread - 1, thread_name_prefix="attnviz")
    stack.callback(pool.shutdown, cancel_futures=True)

    def shared(work: Work, tasks: Sequence[Any], much: bool) -> Iterator[Any]:
        for first in range(0, len(tasks), BATCH):
            batch = Batch(work, tasks[first : first + BATCH])
            others = [pool.submit(batch.take) for _ in range(min(n_thread, len(batch.tasks)) - 1)]
            try:
                batch.take()
            finally:  # Ctrl-C does not wait for what nobody has begun
                batch.failed = True
                for other in others:
                    other.result()
            yield from batch.results()

    return shared


BATCH = 128  # tasks whose results wait for each other


class Batch:
    """Tasks that several threads take one by one, in order."""

    def __init__(self, work: Work, tasks: Sequence[Any]) -> None:
        self.work, self.tasks, self.failed = work, tasks, False
        self.next = count()  # one step of it is one step for all threads
        self.done: dict[int, Any] = {}
        self.errors: dict[int, BaseException] = {}

    def take(self) -> None:
        """Do tasks until there are none left, or one has failed."""
        for i in self.next:
            if i >= len(self.tasks) or self.failed:
                return
            try:
                self.done[i] = self.work(self.tasks[i])
            except Exception as error:
                self.errors[i], self.failed = error, True

    def results(self) -> Iterator[Any]:
        """What came of all tasks; the first failure is told, whoever met it when."""
        if self.errors:
            raise self.errors[min(self.errors)]
        return (self.done[i] for i in range(len(self.tasks)))


_lock = Lock()
_users: list[Any] = []  # who needs BLAS to keep still; the first one keeps what it was before


@contextmanager
def one_blas_thread() -> Iterator[None]:
    """BLAS works in the thread that calls it, until the last user has gone."""
    from threadpoolctl import threadpool_limits

    limit: Any = threadpool_limits  # it says nothing of its types
    with _lock:
        _users.append(limit(1, "blas") if not _users else _users[0])
    try:
        yield
    finally:
        with _lock:
            limits = _users.pop()
            if not _users:
                limits.restore_original_limits()


def processors() -> int:
    """How many threads may run at once."""
    said = os.environ.get("OMP_NUM_THREADS", "")
    if said.isdecimal() and int(said):
        return int(said)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1
