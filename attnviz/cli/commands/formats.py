"""attnviz formats: what can be written, and what can be read."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

import typer

from attnviz.cli.options.shared import COLOR
from attnviz.cli.options.spec import takes


@takes(COLOR)
def formats(
    ctx: typer.Context,
    *,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for other tools.")] = False,
    **options: Any,
) -> None:
    """List the formats that attnviz writes, and those that it reads."""
    from attnviz.cli.output.render import text_of
    from attnviz.render.formats import FORMATS
    from attnviz.sources.external.readers import READERS

    world = ctx.obj
    world.color = options["color"]
    tables: dict[str, Sequence[Any]] = {"writes": FORMATS, "reads": READERS}
    if json:
        from json import dumps

        facts = {title: [facts_of(row) for row in rows] for title, rows in tables.items()}
        world.write(dumps(facts, indent=1).encode() + b"\n")
        return
    from attnviz.render.reports.terminal_formats import Tables

    world.write(text_of(world, Tables(tables)))


def facts_of(row: Any) -> dict[str, Any]:
    """What there is to know of a format."""
    return {"name": row.name, "suffixes": list(row.suffixes), "summary": row.summary}
