"""How a command gets options that it shares with others.

A command takes `**options`; `takes(LOOK, STYLE)` gives it the signature that typer reads.
"""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Annotated, Any, get_type_hints

import typer

from attnviz.record import Record


class Opt(Record):
    """One option: the names users type, its type, its default, what it is for."""

    names: tuple[str, ...]
    kind: Any
    default: Any
    help: str
    metavar: str | None = None
    hidden: bool = False

    def annotated(self, panel: str) -> Any:
        """What typer reads."""
        made = typer.Option(
            *self.names,
            help=self.help,
            metavar=self.metavar,
            rich_help_panel=panel,
            show_default=self.default not in (None, False, []),
        )
        return Annotated[self.kind, made]


class Group(Record):
    """Options that belong together, under one heading of the help."""

    panel: str
    rows: Mapping[str, Opt]

    def __iter__(self) -> Iterator[str]:
        return iter(self.rows)


def takes(
    *groups: Group, without: tuple[str, ...] = ()
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command that takes **options the options of these groups."""
    shared = [
        inspect.Parameter(
            name,
            inspect.Parameter.KEYWORD_ONLY,
            default=opt.default,
            annotation=opt.annotated(group.panel),
        )
        for group in groups
        for name, opt in group.rows.items()
        if name not in without
    ]

    def decorate(function: Callable[..., Any]) -> Callable[..., Any]:
        @functools.wraps(function)
        def command(*args: Any, **options: Any) -> Any:
            return function(*args, **options)

        hints = get_type_hints(function, include_extras=True)
        signature = inspect.signature(function)
        own = [
            p.replace(annotation=hints[p.name])
            for p in signature.parameters.values()
            if p.kind is not p.VAR_KEYWORD
        ]
        command.__signature__ = signature.replace(parameters=[*own, *shared])  # type: ignore[attr-defined]
        command.__annotations__ = {p.name: p.annotation for p in (*own, *shared)}
        return command

    return decorate
