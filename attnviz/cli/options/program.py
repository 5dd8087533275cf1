"""Options of the program itself: --version and --debug."""

from __future__ import annotations

from typing import Annotated

import typer

from attnviz.cli.options.shared import GENERAL


def print_version(ctx: typer.Context, value: bool) -> None:
    """Write the version and end."""
    if value and not ctx.resilient_parsing:
        from attnviz._version import __version__

        ctx.obj.write_text(f"attnviz {__version__}\n")
        raise typer.Exit


Version = Annotated[
    bool,
    typer.Option(
        "--version",
        "-V",
        help="Show the version and exit.",
        rich_help_panel=GENERAL.title,
        callback=print_version,
        is_eager=True,
    ),
]
Debug = Annotated[  # main.py acts on it, wherever it stands
    bool,
    typer.Option(
        "--debug",
        help="Show a traceback with errors (with any command).",
        rich_help_panel=GENERAL.title,
    ),
]
