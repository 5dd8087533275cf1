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

    env = ctx.obj.with_color(options["color"])
    if json:
        from json import dumps

        from attnviz.api.formats import formats as list_formats

        env.write(dumps(list_formats(), indent=1).encode() + b"\n")
        return
    from attnviz.render.formats import FORMATS
    from attnviz.render.reports.terminal_formats import FormatTables
    from attnviz.sources.external.readers import READERS

    tables: dict[str, Sequence[Any]] = {"writes": FORMATS, "reads": READERS}
    env.write(render_text(env, FormatTables(tables)))
