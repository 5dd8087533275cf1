"""attnviz variants: the catalogue, or one row of it in full."""

from __future__ import annotations

from typing import Annotated

import typer

from attnviz.cli.options.shared import COLOR
from attnviz.cli.options.spec import takes


@takes(COLOR)
def variants(
    ctx: typer.Context,
    name: Annotated[
        str | None, typer.Argument(metavar="[NAME]", help="One mechanism in full.")
    ] = None,
    *,
    json: Annotated[bool, typer.Option("--json", help="As JSON, for other tools.")] = False,
    **options: str,
) -> None:
    """List every mechanism, or tell all about one."""
    from attnviz.cli.output.render import text_of
    from attnviz.core.variants import VARIANTS, find_variant

    world = ctx.obj
    world.color = options["color"]
    rows = list(VARIANTS) if name is None else [find_variant(name)]
    if json:
        from attnviz.render.reports.json_catalogue import document

        world.write(document(rows))
        return
    from attnviz.render.reports.terminal_catalogue import Row, Rows

    if name is None:
        world.write(text_of(world, Rows(rows)))
    else:
        from attnviz.cli.commands.variant_example import example

        world.write(text_of(world, Row(rows[0], example(rows[0]), ascii=world.ascii)))
