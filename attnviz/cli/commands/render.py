"""attnviz render: attention that somebody else computed, in every view and format."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from attnviz.cli.options.files import FOREIGN, NAMES
from attnviz.cli.options.shared import COLOR, STYLE, WHERE
from attnviz.cli.options.spec import takes


@takes(FOREIGN, NAMES, WHERE, STYLE, COLOR, without=("input",))
def render(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What to read; - is a pipe.")],
    **options: Any,
) -> None:
    """Show attention from a file: attnviz's own, another program's, or bare arrays.

    `attnviz formats` lists what can be read.
    """
    from attnviz.cli.input.map_files import maps_of
    from attnviz.cli.output.render import put_each
    from attnviz.sources.external.token_argument import naming

    world = ctx.obj
    world.color = options["color"]
    names = naming(**{name: options[name] for name in NAMES})
    put_each(world, maps_of(world, file, options, names), options)
