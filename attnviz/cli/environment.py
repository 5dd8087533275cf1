"""Environment of one run: streams, environment variables and terminal properties.

Tests pass an environment of their own. Output is written as bytes and flushed at once; lost
output is an error, except when the reader has closed the pipe early (`| head`).
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, BinaryIO

from attnviz.errors import CouldNotError, MisuseError
from attnviz.record import Record, replace_fields

if TYPE_CHECKING:
    from rich.console import Console

FileId = tuple[int, int]  # device and inode: one file under any of its names
COLOR_MODES = ("auto", "always", "never")
MAX_COLUMNS = 10_000


class BrokenOutputPipe(Exception):
    """The reader of standard output has closed the pipe, as `head` does; not a failure."""

    status = 0  # of the command that ends here; a command that had failed before sets its own


class Environment(Record):
    """Streams, environment variables and settings of one run."""

    stdin: BinaryIO | None
    stdout: BinaryIO | None
    stderr: BinaryIO | None
    environ: Mapping[str, str]
    encoding: str = "utf-8"
    stdin_is_piped: bool = False  # stdin is a pipe or a file, not a keyboard
    stdout_is_tty: bool = False
    stderr_is_tty: bool = False
    color: str = "auto"
    debug: bool = False
    command: str = "attnviz"

    @classmethod
    def from_process(cls) -> Environment:
        """The environment of this process."""
        return cls(
            stdin=sys.stdin.buffer if sys.stdin else None,
            stdout=sys.stdout.buffer if sys.stdout else None,
            stderr=sys.stderr.buffer if sys.stderr else None,
            environ=os.environ,
            encoding=(sys.stdout and sys.stdout.encoding) or "utf-8",
            stdin_is_piped=is_piped(sys.stdin),
            stdout_is_tty=bool(sys.stdout) and sys.stdout.isatty(),
            stderr_is_tty=bool(sys.stderr) and sys.stderr.isatty(),
        )

    def without_streams(self) -> Environment:
        """A copy that can be sent to another process."""
        return replace_fields(
            self, stdin=None, stdout=None, stderr=None, environ=dict(self.environ)
        )

    def with_color(self, mode: str) -> Environment:
        """A copy with this value of --color.

        Raises MisuseError for an unknown mode.
        """
        if mode not in COLOR_MODES:
            from attnviz.lookup import unknown_name_message

            raise MisuseError(unknown_name_message(mode, COLOR_MODES, "--color"))
        return replace_fields(self, color=mode)

    @property
    def ascii(self) -> bool:
        """Whether the encoding of standard output is limited to ASCII."""
        try:
            "█▀·∅Σ→".encode(self.encoding)
        except (UnicodeEncodeError, LookupError):
            return True
        return False

    def colored(self, is_tty: bool) -> bool:
        """Whether a stream is colored: by --color, else environment variables, else `is_tty`."""
        if self.color != "auto":
            return self.color == "always"
        variables = self.environ
        if variables.get("NO_COLOR"):
            return False
        forced = variables.get("FORCE_COLOR") or variables.get("CLICOLOR_FORCE")
        if forced:
            return forced.lower() not in ("0", "false")
        if variables.get("CLICOLOR") == "0" or variables.get("TERM") in ("dumb", "unknown"):
            return False
        return is_tty

    def console(
        self, file: Any, *, width: int | None = None, colored: bool | None = None
    ) -> Console:
        """A rich console with the properties of standard output that writes into `file`."""
        from rich.console import Console

        colored = self.colored(self.stdout_is_tty) if colored is None else colored
        return Console(
            file=file,
            force_terminal=colored,
            no_color=not colored,
            color_system=self.color_system() if colored else None,  # type: ignore[arg-type]
            force_interactive=False,
            legacy_windows=False,
            width=width or self.width(),
            height=100,
            markup=False,
            emoji=False,
            highlight=False,
            _environ=dict(self.environ),
        )

    def color_system(self) -> str:
        """Rich's name for the colors of the terminal: "truecolor", "256" or "standard"."""
        term = self.environ.get("TERM", "")
        color_term = self.environ.get("COLORTERM", "").lower()
        if color_term in ("truecolor", "24bit") or term.endswith("direct"):
            return "truecolor"
        return "256" if "256" in term or not term else "standard"

    def width(self) -> int:
        """Columns: those of COLUMNS, else of the terminal, else 120 (a pipe)."""
        columns = self.environ.get("COLUMNS", "")
        digits = columns.lstrip("0")[:9]  # int() refuses thousands of them
        if columns.isdecimal() and digits:
            return max(20, min(int(digits), MAX_COLUMNS))
        if self.stdout_is_tty:
            try:
                return max(20, os.get_terminal_size(1).columns)
            except OSError:
                return 80
        return 120

    def write(self, data: bytes) -> None:
        """Write bytes to standard output and flush.

        Raises BrokenOutputPipe if the reader has gone, CouldNotError if it cannot be written.
        """
        if self.stdout is None:
            raise CouldNotError("cannot write to standard output: it is closed")
        try:
            self.stdout.write(data)
            self.stdout.flush()
        except BrokenPipeError:
            raise BrokenOutputPipe from None
        except (OSError, ValueError) as error:
            reason = error.strerror if isinstance(error, OSError) else error
            raise CouldNotError(f"cannot write to standard output: {reason}") from None

    def write_text(self, text: str) -> None:
        """Write text to standard output; characters outside its encoding are escaped."""
        self.write(text.encode(self.encoding, errors="backslashreplace"))

    def warn(self, text: str) -> None:
        """Write a line to standard error, with control characters escaped."""
        if self.stderr is None:
            return
        try:
            line = escape_unprintable(text).encode("utf-8", errors="backslashreplace")
            self.stderr.write(line + b"\n")
            self.stderr.flush()
        except (OSError, ValueError):
            return  # a lost warning must not end the run


def escape_unprintable(text: str) -> str:
    """Text without control sequences that a terminal would execute; line breaks stay."""
    return "".join(c if c.isprintable() or c == "\n" else ascii(c)[1:-1] for c in text)


def is_piped(stream: Any) -> bool:
    """Whether a stream is a pipe, a socket or a regular file."""
    import stat

    try:
        mode = os.fstat(stream.fileno()).st_mode
    except (AttributeError, OSError, ValueError):
        return False
    return stat.S_ISFIFO(mode) or stat.S_ISREG(mode) or stat.S_ISSOCK(mode)


def file_id(file: str | int) -> FileId | None:
    """The identity of a regular file, by path or descriptor; None where there is none."""
    import stat

    try:
        status = os.stat(file)  # noqa: PTH116 (also takes a descriptor)
    except (OSError, ValueError):
        return None
    return (status.st_dev, status.st_ino) if stat.S_ISREG(status.st_mode) else None


def stream_id(stream: BinaryIO | None) -> FileId | None:
    """The identity of the regular file that a stream reads or writes."""
    try:
        return None if stream is None else file_id(stream.fileno())
    except (AttributeError, OSError, ValueError):
        return None


def silence_stdout() -> None:
    """Redirect standard output to the null device, so that Python's flush at exit succeeds."""
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.close(null)
    except OSError:
        return
