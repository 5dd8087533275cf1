"""The commands, and the rule that a sentence needs none: attnviz TEXT is attnviz show TEXT."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from typing import Any

import typer
from typer.core import TyperCommand, TyperGroup, TyperOption

from attnviz.cli.environment import World

HOME = "show"
COMMANDS = (  # each is the function of its name in the module of its name
    HOME,
    "explain",
    "compare",
    "heads",
    "render",
    "diff",
    "check",
    "mask",
    "tokens",
    "variants",
    "models",
    "formats",
    "schema",
)
EVERYTHING = ("--help", "-h", "--install-completion", "--show-completion")  # needs all commands


class Option(TyperOption):
    """An option that nobody typed is what it was: nothing is built to read its default."""

    def process_value(self, ctx: Any, value: Any) -> Any:
        """What typer makes of what was typed; what it refuses, it shows."""
        if value == self.default:
            return value
        try:
            return super().process_value(ctx, value)
        except typer.BadParameter as error:
            if str(value) not in error.message:
                error.message = f"{value!r}: {error.message}"
            raise


class Command(TyperCommand):
    """A command with such options; typer lets one say the class of a command only."""

    def __init__(self, name: str | None, **given: Any) -> None:
        super().__init__(name, **given)
        for param in self.params:
            if type(param) is TyperOption:
                param.__class__ = Option


class Root(TyperGroup):
    """Puts `show` in front when the first word is no command."""

    helping = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The words of the command line, with `show` where it was left out."""
        own = {name for p in self.own_params(ctx) for name in (*p.opts, *p.secondary_opts)}
        if not args:
            piped = ctx.obj is not None and ctx.obj.stdin_speaks and not ctx.resilient_parsing
            args = [HOME] if piped else ["--help"]
        elif args[0] not in COMMANDS and args[0].split("=")[0] not in own:
            self.hint(ctx, args)
            args = [HOME, *args]
        return super().parse_args(ctx, args)

    def hint(self, ctx: Any, args: list[str]) -> None:
        """A sentence of one word may have been meant as a command."""
        if len(args) != 1 or not args[0].isalpha() or ctx.obj is None or ctx.resilient_parsing:
            return
        from difflib import get_close_matches

        for name in get_close_matches(args[0].lower(), COMMANDS, n=1, cutoff=0.75):
            ctx.obj.note(f"note: {args[0]!r} is taken as a sentence; the command is {name!r}")

    def own_params(self, ctx: Any) -> list[Any]:
        """The options of the program itself."""
        return super().get_params(ctx)

    def get_params(self, ctx: Any) -> list[Any]:
        """While help is printed, the options of `show` too: they work without its name."""
        own = self.own_params(ctx)
        if not self.helping:
            return own
        names = {p.name for p in own}
        return [*(p for p in self.commands[HOME].params if p.name not in names), *own]

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help of the program: `show`'s options, then the commands."""
        self.helping = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self.helping = False

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Completion knows the options of `show` as well."""
        found = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            found += self.commands[HOME].shell_complete(ctx, incomplete)
        return found


def program(words: Sequence[str], world: World) -> typer.Typer:
    """The program with the commands that these words need: one, or all for help."""
    app = typer.Typer(
        cls=Root,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(root)
    first = words[0] if words else HOME if world.stdin_speaks else "--help"
    helping = first in EVERYTHING or "_ATTNVIZ_COMPLETE" in world.environ
    for name in COMMANDS if helping else (first if first in COMMANDS else HOME,):
        app.command(cls=Command)(getattr(import_module(f"attnviz.cli.commands.{name}"), name))
    return app


def root() -> None:
    """Shows where attention looks.

    attnviz "The cat sat on the mat" --variant multihead      a table per head

    attnviz "The cat sat on the mat" -o heads.png             a picture

    attnviz "The cat sat on the mat" --json | jq .weights     data

    A sentence needs no command; what follows are the options of `attnviz show`.
    """
