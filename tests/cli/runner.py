"""Run the command line inside the test, in a world of its own."""

import io
from typing import NamedTuple

from attnviz.cli.environment import World
from attnviz.cli.main import run as run_words


class Run(NamedTuple):
    """What came of it."""

    status: int
    out: str
    err: str
    data: bytes


def run(*words, stdin=None, width=80, tty=False, encoding="utf-8", **environ):
    """`attnviz` with these words; `stdin` is what a pipe says, None: nobody pipes."""
    out, err = io.BytesIO(), io.BytesIO()
    said = stdin.encode() if isinstance(stdin, str) else stdin
    world = World(
        stdin=None if said is None else io.BytesIO(said),
        stdout=out,
        stderr=err,
        environ={"COLUMNS": str(width), "TERM": "xterm-256color"} | environ,
        encoding=encoding,
        stdin_speaks=said is not None,
        stdout_is_tty=tty,
        stderr_is_tty=tty,
    )
    status = run_words(list(words), world)
    data = out.getvalue()
    return Run(status, data.decode(encoding, errors="replace"), err.getvalue().decode(), data)
