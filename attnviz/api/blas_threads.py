"""Threads for large work, with BLAS limited to one thread meanwhile.

BLAS threads on top of these would be more threads than processors, which then wait for each
other. The split of work into tasks does not depend on the number of threads
(core/engine/blocks.py).
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from itertools import count
from threading import Lock
from typing import Any

from attnviz.core.engine.parallel import Executor, executor, run_sequentially

Work = Callable[[Any], Any]


@contextmanager
def use_threads(n_thread: int | None = None) -> Iterator[None]:
    """Run large work on threads, which start with the first of it. Also a decorator.

    `n_thread` defaults to OMP_NUM_THREADS, else to the number of processors.
    """
    with ExitStack() as stack:
        executors: list[Executor] = []

        def run_in_threads(work: Work, tasks: Sequence[Any], is_large: bool) -> Iterator[Any]:
            if not executors:
                if not is_large:
                    return run_sequentially(work, tasks, is_large)
                executors.append(start_threads(stack, n_thread or count_threads()))
            return executors[0](work, tasks, is_large)

        stack.callback(executor.reset, executor.set(run_in_threads))
        yield


def start_threads(stack: ExitStack, n_thread: int) -> Executor:
    """An executor on `n_thread` threads, the current one included, until the stack closes."""
    stack.enter_context(limit_blas())
    if n_thread == 1:
        return run_sequentially
    from concurrent.futures import ThreadPoolExecutor

    pool = ThreadPoolExecutor(n_thread - 1, thread_name_prefix="attnviz")
    stack.callback(pool.shutdown, cancel_futures=True)

    def run_in_batches(work: Work, tasks: Sequence[Any], is_large: bool) -> Iterator[Any]:
        for first in range(0, len(tasks), BATCH_SIZE):
            batch = Batch(work, tasks[first : first + BATCH_SIZE])
            n_other = min(n_thread, len(batch.tasks)) - 1
            others = [pool.submit(batch.run_tasks) for _ in range(n_other)]
            try:
                batch.run_tasks()
            finally:  # on Ctrl-C, tasks that have not begun are dropped
                batch.has_failed = True
                for other in others:
                    other.result()
            yield from batch.results()

    return run_in_batches


BATCH_SIZE = 128  # tasks whose results are in memory together


class Batch:
    """Tasks that several threads take one by one, in order."""

    def __init__(self, work: Work, tasks: Sequence[Any]) -> None:
        self.work, self.tasks, self.has_failed = work, tasks, False
        self.next = count()  # advances atomically, so no two threads take the same task
        self.outputs: dict[int, Any] = {}
        self.errors: dict[int, BaseException] = {}

    def run_tasks(self) -> None:
        """Run tasks until none is left, or one has failed."""
        for i in self.next:
            if i >= len(self.tasks) or self.has_failed:
                return
            try:
                self.outputs[i] = self.work(self.tasks[i])
            except Exception as error:
                self.errors[i], self.has_failed = error, True

    def results(self) -> Iterator[Any]:
        """The outputs of all tasks in order; raises the error of the first task that failed."""
        if self.errors:
            raise self.errors[min(self.errors)]
        return (self.outputs[i] for i in range(len(self.tasks)))


_lock = Lock()
_limits: list[Any] = []  # one per active user; the first holds the original limits


@contextmanager
def limit_blas() -> Iterator[None]:
    """Limit BLAS to one thread until the last user has left."""
    from threadpoolctl import threadpool_limits

    limit: Any = threadpool_limits  # untyped library
    with _lock:
        _limits.append(limit(1, "blas") if not _limits else _limits[0])
    try:
        yield
    finally:
        with _lock:
            limits = _limits.pop()
            if not _limits:
                limits.restore_original_limits()


def count_threads() -> int:
    """The number of threads that can run at once."""
    variable = os.environ.get("OMP_NUM_THREADS", "")
    if variable.isdecimal() and int(variable):
        return int(variable)
    try:
        return len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        return os.cpu_count() or 1
