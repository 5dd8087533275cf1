"""attnviz models: the families that run, or what one checkpoint is."""

from __future__ import annotations

from typing import Annotated

import typer

from attnviz.cli.options.shared import COLOR
from attnviz.cli.options.spec import takes


@takes(COLOR)
def models(
    ctx: typer.Context,
    model: Annotated[
        str | None, typer.Argument(metavar="[MODEL]", help="A folder, or a name on the hub.")
    ] = None,
    *,
    revision: Annotated[
        str | None, typer.Option("--revision", metavar="NAME", help="Which version of it.")
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for other tools.")] = False,
    **options: str,
) -> None:
    """List the families of real models that run, or tell what a checkpoint is."""
    from attnviz.api.model_info import checkpoint, families
    from attnviz.cli.output.render import text_of
    from attnviz.errors import MisuseError

    world = ctx.obj
    world.color = options["color"]
    if model is None and revision is not None:
        raise MisuseError("--revision is of one model; name it")
    known = families() if model is None else checkpoint(model, revision)
    if json:
        from attnviz.render.reports.json_models import document

        world.write(document(known))
    else:
        from attnviz.render.reports.terminal_models import facts, listing

        world.write(text_of(world, listing(known) if isinstance(known, list) else facts(known)))
