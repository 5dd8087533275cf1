"""Thread pool: tasks taken one by one by the caller's thread and by threads that wait for work.

A waiting thread uses no processor. The threads stay for the next work: starting one takes as long
as attention over a hundred tokens.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from itertools import count
from threading import Condition, Lock, Thread
from typing import Any

Work = Callable[[Any], Any]

BATCH_SIZE = 128  # tasks whose results are in memory together


class Batch:
    """Tasks that several threads take one by one, in order.

    A thread that is delayed holds up the task that it has, and no other one.
    """

    def __init__(self, work: Work, tasks: Sequence[Any]) -> None:
        self.work, self.tasks, self.has_failed = work, tasks, False
        self.next = count()  # advances atomically, so no two threads take the same task
        self.outputs: dict[int, Any] = {}
        self.errors: dict[int, BaseException] = {}
        self.n_helper, self.is_closed, self.change = 0, False, Condition()

    def run_tasks(self) -> None:
        """Run tasks until none is left, or one has failed."""
        while (i := next(self.next)) < len(self.tasks) and not self.has_failed:
            try:
                self.outputs[i] = self.work(self.tasks[i])
            except Exception as error:
                self.errors[i], self.has_failed = error, True

    def help(self) -> None:
        """Run tasks in another thread, unless the batch is closed by then."""
        with self.change:
            if self.is_closed:
                return
            self.n_helper += 1
        try:
            self.run_tasks()
        finally:  # close() waits for this thread
            with self.change:
                self.n_helper -= 1
                self.change.notify_all()

    def close(self) -> None:
        """Drop tasks that have not begun, and wait for those that have."""
        with self.change:
            self.is_closed = self.has_failed = True
            self.change.wait_for(lambda: not self.n_helper)

    def results(self) -> Iterator[Any]:
        """The outputs of all tasks in order; raises the error of the first task that failed."""
        if self.errors:
            raise self.errors[min(self.errors)]
        return (self.outputs[i] for i in range(len(self.tasks)))


class ThreadPool:
    """Threads that help with batches. They start with the first one, and end with the process."""

    def __init__(self, n_helper: int) -> None:
        from queue import SimpleQueue

        self.n_helper, self.lock = n_helper, Lock()
        self.threads: list[Thread] = []
        self.batches: Any = SimpleQueue()

    def start(self) -> None:
        """Start the threads, once."""
        with self.lock:
            while len(self.threads) < self.n_helper:
                thread = Thread(target=self.serve, name="attnviz", daemon=True)
                thread.start()
                self.threads.append(thread)

    def serve(self) -> None:
        """Help with one batch after another."""
        while True:
            self.batches.get().help()

    def run(self, work: Work, tasks: Sequence[Any], is_large: bool) -> Iterator[Any]:
        """The result of every task, in order; the caller's thread runs tasks, too."""
        del is_large
        for first in range(0, len(tasks), BATCH_SIZE):
            batch = Batch(work, tasks[first : first + BATCH_SIZE])
            for _ in range(min(self.n_helper, len(batch.tasks) - 1)):
                self.batches.put(batch)
            try:
                batch.run_tasks()
            finally:  # also on Ctrl-C
                batch.close()
            yield from batch.results()


_pools: dict[tuple[int, int], ThreadPool] = {}


def shared_pool(n_helper: int) -> ThreadPool:
    """The pool of this process with `n_helper` threads beside the caller's.

    A process that was forked has no threads of its parent: it gets a pool of its own.
    """
    key = os.getpid(), n_helper
    pool = _pools.get(key) or _pools.setdefault(key, ThreadPool(n_helper))
    pool.start()
    return pool
