"""Run the command line in this process, with an environment of its own."""

import io
from typing import NamedTuple

from attnviz.cli.environment import Environment
from attnviz.cli.main import run as run_words


class Run(NamedTuple):
    """The result of a command."""

    status: int
    out: str
    err: str
    data: bytes


def environment(stdin=None, width=80, tty=False, encoding="utf-8", **environ):
    """An environment whose streams are in memory."""
    content = stdin.encode() if isinstance(stdin, str) else stdin
    return Environment(
        stdin=None if content is None else io.BytesIO(content),
        stdout=io.BytesIO(),
        stderr=io.BytesIO(),
        environ={"COLUMNS": str(width), "TERM": "xterm-256color"} | environ,
        encoding=encoding,
        stdin_is_piped=content is not None,
        stdout_is_tty=tty,
        stderr_is_tty=tty,
    )


def run(*words, stdin=None, width=80, tty=False, encoding="utf-8", **environ):
    """`attnviz` with these arguments; `stdin` is the content of a pipe, None: no pipe."""
    env = environment(stdin, width, tty, encoding, **environ)
    status = run_words(list(words), env)
    data, messages = env.stdout.getvalue(), env.stderr.getvalue().decode()
    return Run(status, data.decode(encoding, errors="replace"), messages, data)
