"""attnviz formats: the output and input formats."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from attnviz.cli.options.shared import GENERAL
from attnviz.cli.options.spec import with_options


@with_options(GENERAL)
def formats(
    ctx: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="JSON output.")] = False,
    **options: Any,
) -> None:
    """List output and input formats."""
    from attnviz.cli.output.render import render_text
    from attnviz.render.formats import FORMATS
    from attnviz.sources.external.readers import READERS

    env = ctx.obj.with_color(options["color"])
    tables: dict[str, Sequence[Any]] = {"writes": FORMATS, "reads": READERS}
    if json:
        from json import dumps

        facts = {title: [describe_format(row) for row in rows] for title, rows in tables.items()}
        env.write(dumps(facts, indent=1).encode() + b"\n")
        return
    from attnviz.render.reports.terminal_formats import FormatTables

    env.write(render_text(env, FormatTables(tables)))


def describe_format(row: Any) -> dict[str, Any]:
    """Name, extensions and summary of a format."""
    return {"name": row.name, "suffixes": list(row.suffixes), "summary": row.summary}
