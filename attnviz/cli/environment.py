"""The world outside as one value: streams, environment, and what may be done with them.

Tests hand in a world of their own. Output goes out as bytes, at once and whole; output that
is lost is an error, but for a reader who left early (`| head`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, BinaryIO

from attnviz.errors import CouldNotError, MisuseError

if TYPE_CHECKING:
    from rich.console import Console

COLOURS = ("auto", "always", "never")
DEPTHS = {"16": "standard", "256": "256", "true": "truecolor"}


class ReaderLeftError(Exception):
    """Whoever read our output has gone, as `head` does; that is no failure."""


@dataclass
class World:
    """Streams and environment of one run."""

    stdin: BinaryIO | None
    stdout: BinaryIO | None
    stderr: BinaryIO | None
    environ: Mapping[str, str]
    encoding: str = "utf-8"
    stdin_speaks: bool = False  # stdin is a pipe or a file, not a person
    stdout_is_tty: bool = False
    stderr_is_tty: bool = False
    color: str = "auto"
    graphics: str = "off"
    debug: bool = False
    command: str = "attnviz"

    @classmethod
    def real(cls) -> World:
        """This process's own world."""
        return cls(
            stdin=sys.stdin.buffer if sys.stdin else None,
            stdout=sys.stdout.buffer if sys.stdout else None,
            stderr=sys.stderr.buffer if sys.stderr else None,
            environ=os.environ,
            encoding=(sys.stdout and sys.stdout.encoding) or "utf-8",
            stdin_speaks=speaks(sys.stdin),
            stdout_is_tty=bool(sys.stdout) and sys.stdout.isatty(),
            stderr_is_tty=bool(sys.stderr) and sys.stderr.isatty(),
        )

    def without_streams(self) -> World:
        """What can be known of this world in another process."""
        return replace(self, stdin=None, stdout=None, stderr=None, environ=dict(self.environ))

    @property
    def ascii(self) -> bool:
        """Whether standard output can show no more than ASCII."""
        try:
            "█▀·∅Σ→".encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            return True
        return False

    def colored(self, is_tty: bool) -> bool:
        """Whether a stream gets colour: --color, then the environment, then what it is."""
        env = self.environ
        if self.color not in COLOURS:
            from attnviz.lookup import unknown

            raise MisuseError(unknown(self.color, COLOURS, "--color"))
        if self.color != "auto":
            return self.color == "always"
        if env.get("NO_COLOR"):
            return False
        forced = env.get("FORCE_COLOR") or env.get("CLICOLOR_FORCE")
        if forced:
            return forced.lower() not in ("0", "false")
        if env.get("CLICOLOR") == "0" or env.get("TERM") in ("dumb", "unknown"):
            return False
        return is_tty

    def console(
        self, file: Any, *, width: int | None = None, colored: bool | None = None
    ) -> Console:
        """A rich console that does as standard output would, but writes into `file`."""
        from rich.console import Console

        colored = self.colored(self.stdout_is_tty) if colored is None else colored
        return Console(
            file=file,
            force_terminal=colored,
            no_color=not colored,
            color_system=self.depth() if colored else None,  # type: ignore[arg-type]
            force_interactive=False,
            legacy_windows=False,
            width=width or self.width(),
            height=100,
            markup=False,
            emoji=False,
            highlight=False,
            _environ=dict(self.environ),
        )

    def depth(self) -> str:
        """How many colours the terminal shows; over SSH it is often told too little."""
        env = self.environ
        if env.get("COLORTERM", "").lower() in ("truecolor", "24bit"):
            return "truecolor"
        term = env.get("TERM", "")
        if term.endswith("direct"):
            return "truecolor"
        return "256" if "256" in term or not term else "standard"

    def width(self) -> int:
        """Columns of the terminal; a pipe has as many as a wide one, unless COLUMNS says."""
        columns = self.environ.get("COLUMNS", "")
        if columns.isdecimal() and int(columns) > 0:
            return max(20, min(int(columns), 10_000))
        if self.stdout_is_tty:
            try:
                return max(20, os.get_terminal_size(1).columns)
            except OSError:
                return 80
        return 120

    def write(self, data: bytes) -> None:
        """All of it to standard output, now."""
        if self.stdout is None:
            raise CouldNotError("cannot write to standard output: it is closed")
        try:
            self.stdout.write(data)
            self.stdout.flush()
        except BrokenPipeError:
            raise ReaderLeftError from None
        except (OSError, ValueError) as error:
            why = error.strerror if isinstance(error, OSError) else error
            raise CouldNotError(f"cannot write to standard output: {why}") from None

    def say(self, text: str) -> None:
        """Text to standard output, as well as its encoding can say it."""
        self.write(text.encode(self.encoding, errors="backslashreplace"))

    def note(self, text: str) -> None:
        """A line for the person, on standard error, whatever characters it has."""
        if self.stderr is None:
            return
        try:
            self.stderr.write(plain(text).encode("utf-8", errors="backslashreplace") + b"\n")
            self.stderr.flush()
        except (OSError, ValueError):
            return  # there is nobody left to tell


def plain(text: str) -> str:
    """Text without anything that a terminal would obey; our own line breaks stay."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def speaks(stream: Any) -> bool:
    """Whether a stream is a pipe or a file that has something to say."""
    import stat

    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (AttributeError, OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


def silence_stdout() -> None:
    """What Python still holds for a reader who has gone must not become a complaint at exit."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)
    except OSError:
        return
