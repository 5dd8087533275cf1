"""Progress of a long computation, for a caller that does not call it directly."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar

OnProgress = Callable[[int, int], object]
LISTENER: ContextVar[OnProgress | None] = ContextVar("progress", default=None)


def report_progress(n_done: int, total: int) -> None:
    """Call the function of the innermost `listen_to_progress`, if there is one."""
    listener = LISTENER.get()
    if listener is not None:
        listener(n_done, total)


@contextmanager
def listen_to_progress(on_progress: OnProgress | None) -> Iterator[None]:
    """Within the block, computations report to `on_progress`; None: to nothing."""
    token = LISTENER.set(on_progress)
    try:
        yield
    finally:
        LISTENER.reset(token)
