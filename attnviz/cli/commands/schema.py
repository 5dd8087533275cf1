"""attnviz schema: what the JSON means, for machines."""

from __future__ import annotations

import typer


def schema(ctx: typer.Context) -> None:
    """Print the JSON Schema of the documents that --json writes."""
    from attnviz.render.data.json_document import schema as written

    ctx.obj.write(written())
