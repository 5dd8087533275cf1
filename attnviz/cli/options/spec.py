"""Options that several commands share, and how a command gets them.

A command takes `**options`; `with_options(MODEL, DISPLAY)` gives it the signature that typer
reads.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import KW_ONLY
from typing import Annotated, Any, get_type_hints

import typer

from attnviz.cli.options.completion import complete_from
from attnviz.cli.options.effects import Effect, check_effects
from attnviz.record import Record

METAVARS = {int: "N", float: "X"}


class Opt(Record):
    """One option: `Opt("--variant, -v", str, metavar="NAME", help="Attention mechanism.")`.

    `default_text` is shown in the help where the default itself says too little; `value_names`
    computes the names that a shell completes. `effect` states where the option acts; None:
    on every output.
    """

    names: str
    kind: type = str
    _: KW_ONLY
    metavar: str | None = None
    help: str = ""
    default: Any = None
    default_text: str = ""
    value_names: Callable[[], Iterable[str]] | None = None
    effect: Effect | None = None

    def annotation(self, panel: str) -> Any:
        """The annotation that typer reads; `panel` is the section of the help."""
        option = typer.Option(
            *self.names.split(", "),
            help=self.help,
            metavar=self.metavar or METAVARS.get(self.kind),
            rich_help_panel=panel,
            autocompletion=complete_from(self.value_names) if self.value_names else None,
            show_default=self.default_text or self.default not in (None, False, []),
        )
        return Annotated[self.kind | None if self.default is None else self.kind, option]


class Group(Record):
    """Options under one title of the help."""

    title: str
    options: Mapping[str, Opt]

    def __iter__(self) -> Iterator[str]:
        return iter(self.options)


def with_options(
    *groups: Group, without: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator: give a command that takes **options the options of these groups.

    The command refuses options that were typed and have no effect.
    """
    rows = {
        name: opt for group in groups for name, opt in group.options.items() if name not in without
    }
    effects = {name: opt.effect for name, opt in rows.items() if opt.effect is not None}
    shared = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=opt.default,
            annotation=opt.annotation(group.title),
        )
        for group in groups
        for name, opt in group.options.items()
        if name in rows
    ]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def command(*args: Any, **options: Any) -> Any:
            check_effects(options, effects)
            return function(*args, **options)

        hints = get_type_hints(function, include_extras=True)
        signature = inspect.signature(function)
        own = [
            p.replace(annotation=hints[p.name])
            for p in signature.parameters.values()
            if p.kind is not p.VAR_KEYWORD
        ]
        command.__signature__ = signature.replace(parameters=[*own, *shared])  # type: ignore[attr-defined]
        command.__annotations__ = {}  # else typer resolves those of the signature once more
        return command

    return decorate
