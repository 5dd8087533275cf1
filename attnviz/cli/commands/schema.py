"""attnviz schema: the JSON Schema of the JSON output."""

from __future__ import annotations

import typer


def schema(ctx: typer.Context) -> None:
    """Print the JSON Schema of the JSON output."""
    from attnviz.render.data.json_document import read_schema

    ctx.obj.write(read_schema())
