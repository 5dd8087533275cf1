"""How far a long run has come: on standard error, for a person who is watching."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from attnviz.cli.environment import World
from attnviz.cli.output.target import Target

BLOCK = 1 << 20


@contextmanager
def progress(
    world: World, targets: list[Target], input: str | None
) -> Iterator[Callable[[int], None]]:
    """Something to call with the number of the line that is done.

    Nothing is shown where standard error is no terminal, or where the results themselves
    appear on it.
    """
    shown = any(target.path is None for target in targets) and world.stdout_is_tty
    if world.stderr is None or not world.stderr_is_tty or shown:
        yield lambda line: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TimeRemainingColumn

    stream: Any = io.TextIOWrapper(world.stderr, "utf-8", errors="replace", write_through=True)
    console = Console(file=stream, force_terminal=True, _environ=dict(world.environ))
    bar = Progress(
        BarColumn(), MofNCompleteColumn(), TimeRemainingColumn(), console=console, transient=True
    )
    try:
        with bar:
            task = bar.add_task("", total=lines_in(input))
            yield lambda line: bar.update(task, completed=line)
    finally:
        stream.detach()


def lines_in(input: str | None) -> int | None:
    """How many lines a file has; of a pipe nobody knows."""
    if input is None or not Path(input).is_file():
        return None
    with Path(input).open("rb") as file:
        return sum(block.count(b"\n") for block in iter(lambda: file.read(BLOCK), b""))
