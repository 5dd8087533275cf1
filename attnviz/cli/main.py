"""Run one command: every error becomes one line and an exit status, here and nowhere else."""

from __future__ import annotations

import io
import shlex
import warnings
from collections.abc import Sequence
from contextlib import redirect_stdout
from typing import Any

from attnviz.cli.environment import ReaderLeftError, World, silence_stdout
from attnviz.errors import AttnvizError, AttnvizWarning

INTERRUPTED = 130


def run(words: Sequence[str], world: World | None = None) -> int:
    """Run `attnviz` with these words; the exit status."""
    world = world or World.real()
    world.command = shlex.join(["attnviz", *words])
    words, world.debug = without_debug(words)
    printed = Printed(world)
    try:
        # What help and completion print has to arrive, or fail; warnings become notes.
        with redirect_stdout(printed), warnings.catch_warnings():
            warnings.simplefilter("always", AttnvizWarning)
            warnings.showwarning = lambda message, *_, **__: world.note(f"note: {message}")
            status = call(words, world)
        if text := printed.getvalue():
            world.say(text)
        return status
    except ReaderLeftError:
        silence_stdout()
        return 0
    except KeyboardInterrupt:
        world.note("interrupted")
        return INTERRUPTED
    except AttnvizError as error:
        complain(world, f"error: {error}")
        silence_stdout()
        return error.status
    except MemoryError:
        complain(world, "error: not enough memory for this; try fewer tokens, heads or layers")
        return 1
    except Exception as error:
        complain(world, f"error: unexpected {type(error).__name__}: {error} (--debug shows where)")
        return 1


def call(words: Sequence[str], world: World) -> int:
    """Let typer find the command and run it."""
    import typer

    from attnviz.cli.app import program

    app = program(words, world)
    usage_error: Any = typer.BadParameter.__mro__[2]  # the base of all that typer says is wrong
    try:
        status = app(args=list(words), prog_name="attnviz", standalone_mode=False, obj=world)
    except usage_error as error:
        said = error.format_message().rstrip(".")
        context = getattr(error, "ctx", None)
        path = context.command_path if context else "attnviz"
        complain(world, f"error: {said}. Try '{path} --help'")
        return 2
    except typer.Abort:
        raise KeyboardInterrupt from None
    return status if isinstance(status, int) else 0


def without_debug(words: Sequence[str]) -> tuple[list[str], bool]:
    """--debug may stand anywhere before `--`."""
    end = list(words).index("--") if "--" in words else len(words)
    before = [word for word in words[:end] if word != "--debug"]
    return [*before, *words[end:]], len(before) < end


def complain(world: World, line: str) -> None:
    """One line on standard error; where it happened, for who asked."""
    if world.debug:
        import traceback

        world.note(traceback.format_exc().rstrip())
    world.note(line)


class Printed(io.StringIO):
    """Catches what typer prints, and is as much of a terminal as standard output is."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self.world = world

    def isatty(self) -> bool:
        """Whether help may be styled."""
        return self.world.colored(self.world.stdout_is_tty)

    @property
    def encoding(self) -> str:  # type: ignore[override]
        """What standard output can say."""
        return self.world.encoding
