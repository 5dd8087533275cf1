"""attnviz compare: the same query and key, several mechanisms, and the difference."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from attnviz.cli.commands.show import Text
from attnviz.cli.options.shared import COLOR, LOOK, MODEL, PARTS, STYLE, TEXTS, WHERE
from attnviz.cli.options.spec import takes


@takes(TEXTS, LOOK, PARTS, MODEL, WHERE, STYLE, COLOR, without=("variant", "input"))
def compare(
    ctx: typer.Context,
    text: Text = None,
    *,
    variant: Annotated[
        list[str] | None,
        typer.Option("--variant", "-v", metavar="NAME", help="A mechanism; give two or more."),
    ] = None,
    **options: Any,
) -> None:
    """Show the same tokens under several mechanisms, and what differs from the first."""
    from attnviz.api.compare import compare as beside
    from attnviz.cli.input.sentences import sentences
    from attnviz.cli.options.parse import look_options, selected
    from attnviz.cli.output.render import put_each

    world = ctx.obj
    world.color = options["color"]
    look = selected(options) | look_options(options)
    maps = (
        beside(sentence.text, sentence.context, variants=variant or [], **look)
        for sentence in sentences(world, text or [], None, options["context"])
    )
    put_each(world, maps, options)
