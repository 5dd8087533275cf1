"""Run the command line: errors become one line on standard error and an exit status.

This is the only place where exceptions are turned into exit statuses.
"""

from __future__ import annotations

import io
import re
import shlex
import warnings
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager, redirect_stdout
from typing import Any

from attnviz.cli.environment import BrokenOutputPipe, Environment, silence_stdout
from attnviz.core.progress import listen_to_progress
from attnviz.errors import AttnvizError, AttnvizWarning, command_line_messages
from attnviz.record import replace_fields

INTERRUPTED = 130
LONG_WORD = r"(\S{200})\S{1000,}(?<!['\".,:;])"  # longer than any file name


def run(words: Sequence[str], env: Environment | None = None) -> int:
    """Run `attnviz` with these arguments and return the exit status."""
    command, words = shlex.join(["attnviz", *words]), list(words)
    if words[:1] == ["watch"]:
        from attnviz.cli.options.watch import mark_program

        words = mark_program(words)
    words, debug = split_debug_flag(words)
    env = replace_fields(env or Environment.from_process(), command=command, debug=debug)
    with command_line_messages():
        return run_with_errors(words, env)


def run_with_errors(words: Sequence[str], env: Environment) -> int:
    """The exit status of these arguments; errors become lines on standard error."""
    capture = StdoutCapture(env)
    try:
        # Typer prints help itself: it is captured so that a failed write is noticed.
        with redirect_stdout(capture), warnings.catch_warnings(), reported_progress(env):
            warnings.simplefilter("always", AttnvizWarning)
            warnings.showwarning = lambda message, *_, **__: env.warn(f"note: {message}")
            status = dispatch(words, env)
        if text := capture.getvalue():
            env.write_text(text)
        return status
    except BrokenOutputPipe as error:
        silence_stdout()
        return error.status
    except KeyboardInterrupt:
        env.warn("interrupted")
        return INTERRUPTED
    except AttnvizError as error:
        report_error(env, f"error: {error}")
        silence_stdout()
        return error.status
    except MemoryError:
        report_error(env, "error: out of memory; try fewer tokens, heads or layers")
        return 1
    except Exception as error:
        kind = type(error).__name__
        report_error(env, f"error: unexpected {kind}: {error} (use --debug for a traceback)")
        return 1


@contextmanager
def reported_progress(env: Environment) -> Iterator[None]:
    """A progress bar for what computations report, while they run."""
    with ExitStack() as bars:
        updates: list[Any] = []

        def update(n_done: int, total: int) -> None:
            if not updates:
                from attnviz.cli.output.progress import progress_bar

                updates.append(bars.enter_context(progress_bar(env)))
            updates[0](n_done, total)
            if n_done >= total:
                bars.close()
                updates.clear()

        with listen_to_progress(update):
            yield


def dispatch(words: Sequence[str], env: Environment) -> int:
    """Let typer parse the arguments and run the command; returns the exit status."""
    from attnviz.cli.overview import OVERVIEW, is_overview_request, replace_common_words

    is_completion = "_ATTNVIZ_COMPLETE" in env.environ
    if not is_completion and is_overview_request(words, env.stdin_is_piped):
        env.write_text(OVERVIEW)
        return 0
    import typer

    from attnviz.cli.app import COMMANDS, build_app

    words = replace_common_words(words, COMMANDS)
    program = build_app(words, env)
    usage_error: Any = typer.BadParameter.__mro__[2]  # the base class of typer's usage errors
    try:
        status = program(args=list(words), prog_name="attnviz", standalone_mode=False, obj=env)
    except usage_error as error:
        message = error.format_message().rstrip(".")
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "attnviz"
        advice = f"Try '{path} --help'"
        if any(word.startswith("-") and " " in word.strip() for word in words):
            advice = "Put -- before a sentence that begins with -"
        report_error(env, f"error: {message}. {advice}")
        return 2
    except typer.Abort:
        raise KeyboardInterrupt from None
    except SystemExit as end:  # shell completion ends so
        return end.code if isinstance(end.code, int) else 0
    return status if isinstance(status, int) else 0


def split_debug_flag(words: Sequence[str]) -> tuple[list[str], bool]:
    """The arguments without --debug, which may stand anywhere before `--`, and if it was there."""
    end = list(words).index("--") if "--" in words else len(words)
    before = [word for word in words[:end] if word != "--debug"]
    return [*before, *words[end:]], len(before) < end


def report_error(env: Environment, line: str) -> None:
    """Write an error line to standard error, after the traceback if --debug was given.

    A very long word of the input is quoted by its beginning.
    """
    if env.debug:
        import traceback

        env.warn(traceback.format_exc().rstrip())
    env.warn(re.sub(LONG_WORD, lambda match: f"{match[1]}…", line))


class StdoutCapture(io.StringIO):
    """Captures what typer prints, with the terminal properties of standard output."""

    def __init__(self, env: Environment) -> None:
        super().__init__()
        self.env = env

    def isatty(self) -> bool:
        """Whether help may be styled."""
        return self.env.colored(self.env.stdout_is_tty)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """The encoding of standard output."""
        return self.env.encoding
