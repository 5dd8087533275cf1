"""Threads for large work, with BLAS limited to one thread meanwhile.

BLAS threads on top of these would be more threads than processors, which then wait for each
other. The split of work into tasks does not depend on the number of threads
(core/engine/blocks.py).
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache
from threading import Lock
from typing import Any

from attnviz.api.thread_pool import Work, shared_pool
from attnviz.core.engine.parallel import Executor, executor, run_sequentially
from attnviz.core.engine.thread_count import count_threads


@contextmanager
def use_threads(n_thread: int | None = None) -> Iterator[None]:
    """Run large work on threads, which start with the first of it. Also a decorator.

    `n_thread` defaults to OMP_NUM_THREADS, else to the number of processors.
    """
    with ExitStack() as stack:
        executors: list[Executor] = []

        def run_in_threads(work: Work, tasks: Sequence[Any], is_large: bool) -> Iterator[Any]:
            if not is_large:
                return run_sequentially(work, tasks, is_large)
            if not executors:
                executors.append(start_threads(stack, n_thread or count_threads()))
            return executors[0](work, tasks, is_large)

        stack.callback(executor.reset, executor.set(run_in_threads))
        yield


def start_threads(stack: ExitStack, n_thread: int) -> Executor:
    """An executor on `n_thread` threads, the current one included; BLAS until the stack closes."""
    stack.enter_context(limit_blas())
    return run_sequentially if n_thread == 1 else shared_pool(n_thread - 1).run


_lock = Lock()
_limits: list[Any] = []  # one per active user; the first holds the original limits


@contextmanager
def limit_blas() -> Iterator[None]:
    """Limit BLAS to one thread until the last user has left."""
    with _lock:
        _limits.append(_limits[0] if _limits else find_blas().limit(limits=1))
    try:
        yield
    finally:
        with _lock:
            limits = _limits.pop()
            if not _limits:
                limits.restore_original_limits()


@cache
def find_blas() -> Any:
    """The controller of NumPy's BLAS, found once: the search takes a millisecond.

    Libraries that are loaded later are not ours: all products here are NumPy's.
    """
    from threadpoolctl import ThreadpoolController

    controller: Any = ThreadpoolController()  # type: ignore[no-untyped-call]
    return controller.select(user_api="blas")
