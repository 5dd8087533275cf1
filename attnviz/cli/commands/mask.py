"""attnviz mask: the mask itself as a picture."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from attnviz.cli.options.shared import COLOR, STYLE, WHERE
from attnviz.cli.options.spec import takes


@takes(WHERE, STYLE, COLOR, without=("input", "size", "query", "segments"))
def mask(
    ctx: typer.Context,
    expression: Annotated[
        str, typer.Argument(metavar="MASK", help="As in: window(3) & (causal | ~padding).")
    ],
    text: Annotated[
        str | None, typer.Argument(metavar="[TEXT]", help="Whose tokens; else give --size.")
    ] = None,
    *,
    size: Annotated[int | None, typer.Option(metavar="N", help="How many positions.")] = None,
    context: Annotated[
        str | None, typer.Option("--context", "-c", metavar="TEXT", help="Whose tokens are keys.")
    ] = None,
    tokenizer: Annotated[str, typer.Option("--tokenizer", "-t", metavar="NAME|FILE")] = "words",
    heads: Annotated[int, typer.Option("--heads", help="How many heads.")] = 1,
    **options: Any,
) -> None:
    """Draw a mask: who may look where, and how many pairs that are."""
    from attnviz.api.mask_map import mask_map
    from attnviz.cli.output.render import put_each

    world = ctx.obj
    world.color = options["color"]
    drawn = mask_map(expression, text, context, size=size, tokenizer=tokenizer, heads=heads)
    put_each(world, [drawn], options, captions=lambda amap, known: {})
