"""Progress bar of a long command, on standard error."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attnviz.cli.environment import Environment
from attnviz.cli.output.target import Target
from attnviz.core.progress import listen_to_progress

READ_SIZE = 1 << 20


@contextmanager
def progress(
    env: Environment, targets: list[Target], input: str | None
) -> Iterator[Callable[[int], None]]:
    """A progress bar of a batch; yields a function to call with the number of the last line.

    Nothing is drawn where the results themselves are written to the same terminal meanwhile.
    """
    if any(target.path is None for target in targets) and env.stdout_is_tty:
        yield lambda line: None
        return
    with listen_to_progress(None), progress_bar(env, count_lines(input)) as update:
        yield lambda line: update(line, None)


@contextmanager
def progress_bar(
    env: Environment, total: int | None = None
) -> Iterator[Callable[[int, int | None], None]]:
    """A progress bar; yields a function to call with what is done, and with a new total or None.

    Nothing is drawn unless standard error is a terminal, and without a total nothing before the
    first call: what runs may be refused at once.
    """
    if env.stderr is None or not env.stderr_is_tty:
        yield lambda done, total: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    stream: Any = io.TextIOWrapper(env.stderr, "utf-8", errors="replace", write_through=True)
    console = Console(file=stream, force_terminal=True, markup=False, _environ=dict(env.environ))
    bar = Progress(
        BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True
    )
    try:
        task = bar.add_task("", total=total)

        def update(done: int, total: int | None) -> None:
            bar.start()
            bar.update(task, completed=done, total=total)

        if total is not None:
            bar.start()
        yield update
    finally:
        if bar.live.is_started:
            bar.stop()
        stream.detach()


def count_lines(input: str | None) -> int | None:
    """The number of lines of a file, the last of which may have no line break; None for a pipe."""
    if input is None or not Path(input).is_file():
        return None
    n_break, block = 0, b"\n"
    with Path(input).open("rb") as file:
        while more := file.read(READ_SIZE):
            n_break, block = n_break + more.count(b"\n"), more
    return n_break + (not block.endswith(b"\n"))
