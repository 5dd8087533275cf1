"""The typer application: commands, help, and `attnviz TEXT` as short for `attnviz show TEXT`."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from math import isfinite
from typing import Annotated, Any

import typer
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from attnviz.cli.environment import Environment
from attnviz.cli.options.shared import GENERAL

DEFAULT_COMMAND = "show"
COMMANDS = (  # each is the function of this name in the module of this name
    DEFAULT_COMMAND,
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
NEED_ALL_COMMANDS = ("--help", "-h", "--install-completion", "--show-completion")
NUMBERS = {"int": "a whole number", "float": "a number"}


class Option(TyperOption):
    """An option whose default is not converted, and which flags show without a type."""

    def process_value(self, ctx: Any, value: Any) -> Any:
        """The converted value; error messages quote what was typed."""
        if value == self.default:
            return value
        try:
            result = super().process_value(ctx, value)
            if isinstance(result, float) and not isfinite(result):
                raise typer.BadParameter("not a finite number", ctx, self)
            return result
        except typer.BadParameter as error:
            if (wanted := NUMBERS.get(self.bare_type())) and "parse" in error.message:
                error.message = f"{value!r} is not {wanted}"
            elif str(value) not in error.message:
                error.message = f"{value!r}: {error.message}"
            raise

    def display_type_rich(self, ctx: Any) -> str | None:
        """The metavar; flags have none."""
        return self.metavar

    def _get_number_range_help_str(self) -> None:
        """Ranges are said in the help texts."""

    def _get_default_string(self, **options: Any) -> str:
        """A default given as text, without the parentheses that typer adds."""
        text = self.show_default
        return text if isinstance(text, str) else super()._get_default_string(**options)


class Argument(TyperArgument):
    """An argument shown by its metavar alone, in brackets where it is optional."""

    def display_type_rich(self, ctx: Any) -> str | None:
        """No type: the name says enough."""
        return None

    def _usage_display_name(self) -> str:
        return self.display_name_raw if self.required else f"[{self.display_name_raw}]"


CLASSES: dict[type, type] = {TyperOption: Option, TyperArgument: Argument}


def adapt_params(params: list[Any]) -> list[Any]:
    """Give typer's parameters our classes; typer lets one choose the class of a command only."""
    for param in params:
        param.__class__ = CLASSES.get(type(param), type(param))
        if param.name in ("help", "install_completion", "show_completion"):
            param.rich_help_panel = GENERAL.title
    return params


class Command(TyperCommand):
    """A command with these parameters."""

    def get_params(self, ctx: Any) -> list[Any]:
        """Its arguments and options."""
        return adapt_params(super().get_params(ctx))


class Root(TyperGroup):
    """The program: inserts `show` when the first word is no command."""

    is_printing_help = False

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments, with `show` inserted where it was left out."""
        root_names = {name for p in self.root_params(ctx) for name in (*p.opts, *p.secondary_opts)}
        if not args:
            piped = ctx.obj is not None and ctx.obj.stdin_is_piped and not ctx.resilient_parsing
            args = [DEFAULT_COMMAND] if piped else ["--help"]
        elif args[0] not in COMMANDS and args[0].split("=")[0] not in root_names:
            self.suggest_command(ctx, args)
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)

    def suggest_command(self, ctx: Any, args: list[str]) -> None:
        """Warn about a sentence of one word that is close to the name of a command."""
        if len(args) != 1 or not args[0].isalpha() or ctx.obj is None or ctx.resilient_parsing:
            return
        from difflib import get_close_matches

        for name in get_close_matches(args[0].lower(), COMMANDS, n=1, cutoff=0.75):
            ctx.obj.warn(
                f"note: treating {args[0]!r} as a sentence; did you mean the command {name!r}?"
            )

    def root_params(self, ctx: Any) -> list[Any]:
        """The options of the program itself."""
        return adapt_params(super().get_params(ctx))

    def get_params(self, ctx: Any) -> list[Any]:
        """While help is printed, the options of `show` too: they work without its name."""
        own = self.root_params(ctx)
        if not self.is_printing_help:
            return own
        names = {p.name for p in own}
        shown = self.commands[DEFAULT_COMMAND].get_params(ctx)
        return [*(p for p in shown if p.name not in names), *own]

    def get_usage(self, ctx: Any) -> str:
        """Both ways to call the program."""
        return "Usage: attnviz [OPTIONS] TEXT\n       attnviz COMMAND [ARGS]"

    def format_help(self, ctx: Any, formatter: Any) -> None:
        """The help of the program: the options of `show`, then the commands."""
        self.is_printing_help = True
        try:
            super().format_help(ctx, formatter)
        finally:
            self.is_printing_help = False

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Completions, with the options of `show` among them."""
        completions = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            completions += self.commands[DEFAULT_COMMAND].shell_complete(ctx, incomplete)
        return completions


def build_app(words: Sequence[str], env: Environment) -> typer.Typer:
    """The application with the commands that these arguments need: one, or all for help."""
    app = typer.Typer(
        cls=Root,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(root)
    first = words[0] if words else DEFAULT_COMMAND if env.stdin_is_piped else "--help"
    is_all_needed = first in NEED_ALL_COMMANDS or "_ATTNVIZ_COMPLETE" in env.environ
    for name in COMMANDS if is_all_needed else (first if first in COMMANDS else DEFAULT_COMMAND,):
        app.command(cls=Command)(getattr(import_module(f"attnviz.cli.commands.{name}"), name))
    return app


def print_version(ctx: typer.Context, value: bool) -> None:
    """Write the version and end."""
    if value and not ctx.resilient_parsing:
        from attnviz._version import __version__

        ctx.obj.write_text(f"attnviz {__version__}\n")
        raise typer.Exit


def root(
    version: Annotated[
        bool,
        typer.Option(
            "--version",
            "-V",
            help="Show the version and exit.",
            rich_help_panel=GENERAL.title,
            callback=print_version,
            is_eager=True,
        ),
    ] = False,
    debug: Annotated[
        bool,
        typer.Option(
            "--debug",
            help="Show a traceback with errors (with any command).",
            rich_help_panel=GENERAL.title,
        ),
    ] = False,
) -> None:
    """Visualize attention weights in the terminal, as images, or as data.

    attnviz "The cat sat on the mat" --variant multihead      a table per head

    attnviz "The cat sat on the mat" -o heads.png             an image

    attnviz "The cat sat on the mat" --json | jq .weights     data

    `attnviz TEXT` is short for `attnviz show TEXT`; these are its options.
    """
