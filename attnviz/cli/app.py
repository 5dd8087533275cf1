"""The typer application: commands, help, and `attnviz TEXT` as short for `attnviz show TEXT`."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import cache
from importlib import import_module
from math import isfinite
from typing import Any

import typer.main
from typer.core import TyperArgument, TyperCommand, TyperGroup, TyperOption

from attnviz.cli.environment import Environment
from attnviz.cli.options.conversion import quick_conversion
from attnviz.cli.options.program import Debug, Version
from attnviz.cli.options.shared import GENERAL
from attnviz.errors import MisuseError, UnknownNameError

DEFAULT_COMMAND = "show"
COMMANDS = (  # each is the function of this name in the module of this name
    DEFAULT_COMMAND,
    "explain",
    "compare",
    "heads",
    "effect",
    "watch",
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
NEED_ALL_COMMANDS = ("--install-completion", "--show-completion")
WORD = r"[A-Za-z][A-Za-z-]*"
NUMBERS = {"int": "a whole number", "float": "a number"}


class Option(TyperOption):
    """An option whose default is not converted, and which flags show without a type."""

    def get_runtime_param(self) -> Any:
        """The conversion of its values."""
        return quick_conversion(self, super().get_runtime_param)

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

    def get_runtime_param(self) -> Any:
        """The conversion of its values."""
        return quick_conversion(self, super().get_runtime_param)

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
    """A command with these parameters, which refuses an option that is given twice."""

    def make_parser(self, ctx: Any) -> Any:
        """The parser of its arguments."""
        parser = super().make_parser(ctx)
        parse = parser.parse_args

        def parse_once(args: list[str]) -> Any:
            values, remaining, order = parse(args)
            refuse_repeated(order)
            return values, remaining, order

        parser.parse_args = parse_once  # type: ignore[method-assign]
        return parser

    def get_params(self, ctx: Any) -> list[Any]:
        """Its arguments and options."""
        return adapt_params(super().get_params(ctx))


def refuse_repeated(params: Sequence[Any]) -> None:
    """Raise MisuseError for an option that stands twice and takes one value."""
    seen: list[Any] = []
    for param in params:
        if param in seen and not param.multiple and param.param_type_name == "option":
            names = "/".join(
                max(names, key=len) for names in (param.opts, param.secondary_opts) if names
            )
            raise MisuseError(f"{names} is given twice; it takes one value")
        seen.append(param)


def advise_on(word: str, sentence: str) -> str:
    """What to type instead of an unknown command and a sentence."""
    from attnviz.core.variants import find_variant

    try:
        find_variant(word)
    except UnknownNameError:
        return f"commands: {', '.join(COMMANDS)}"
    return f"for this mechanism: attnviz {sentence!r} --variant {word}"


class Root(TyperGroup):
    """The program: inserts `show` when the first word is no command."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """The arguments, with `show` inserted where it was left out."""
        root_names = {name for p in self.get_params(ctx) for name in (*p.opts, *p.secondary_opts)}
        if not args:
            args = [] if ctx.resilient_parsing else [DEFAULT_COMMAND]
        elif args[0] not in COMMANDS and args[0].split("=")[0] not in root_names:
            self.suggest_command(ctx, args)
            args = [DEFAULT_COMMAND, *args]
        return super().parse_args(ctx, args)

    def suggest_command(self, ctx: Any, args: list[str]) -> None:
        """Refuse a misspelt command before a sentence; a note for a sentence of one such word.

        Raises MisuseError for a first word that is no sentence, with what was probably meant.
        """
        word, following = args[0], args[1:2]
        if not re.fullmatch(WORD, word) or ctx.obj is None or ctx.resilient_parsing:
            return
        from difflib import get_close_matches

        names = get_close_matches(word.lower(), COMMANDS, n=1, cutoff=0.75)
        if not following and names:
            ctx.obj.warn(
                f"note: treating {word!r} as a sentence; did you mean the command {names[0]!r}?"
            )
        if not following or following[0].startswith("-"):
            return
        if names:
            raise MisuseError(f"no command {word!r}; did you mean {names[0]!r}?")
        if " " in following[0]:  # a sentence in quotes
            raise MisuseError(f"no command {word!r}; {advise_on(word, following[0])}")

    def get_params(self, ctx: Any) -> list[Any]:
        """The options of the program itself."""
        return adapt_params(super().get_params(ctx))

    def shell_complete(self, ctx: Any, incomplete: str) -> Any:
        """Completions, with the options of `show` among them."""
        completions = super().shell_complete(ctx, incomplete)
        if incomplete.startswith("-"):
            completions += self.commands[DEFAULT_COMMAND].shell_complete(ctx, incomplete)
        return completions


def build_app(words: Sequence[str], env: Environment) -> Root:
    """The program with the commands that these arguments need: one, or all for help."""
    first = words[0] if words else DEFAULT_COMMAND
    if first in NEED_ALL_COMMANDS or "_ATTNVIZ_COMPLETE" in env.environ:
        return build_commands(COMMANDS)
    return build_commands((first if first in COMMANDS else DEFAULT_COMMAND,))


@cache
def build_commands(names: tuple[str, ...]) -> Root:
    """The program with the commands of these names, built once in a process."""
    app = typer.Typer(
        cls=Root,
        pretty_exceptions_enable=False,
        rich_markup_mode="rich",
        context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    )
    app.callback()(root)
    for name in names:
        app.command(cls=Command)(getattr(import_module(f"attnviz.cli.commands.{name}"), name))
    program = typer.main.get_command(app)
    assert isinstance(program, Root)
    return program


def root(version: Version = False, debug: Debug = False) -> None:
    """Visualize attention weights in the terminal, as images, or as data."""
