"""attnviz explain: the computation of one head, step by step."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from attnviz.cli.commands.show import Text
from attnviz.cli.options.shared import COLOR, LOOK, MODEL, PARTS, TEXTS
from attnviz.cli.options.spec import takes


@takes(TEXTS, LOOK, PARTS, MODEL, COLOR)
def explain(
    ctx: typer.Context,
    text: Text = None,
    *,
    layer: Annotated[int, typer.Option("--layer", help="Which layer.")] = 0,
    head: Annotated[int, typer.Option("--head", help="Which head.")] = 0,
    cell: Annotated[
        str | None,
        typer.Option(
            "--cell", metavar="QUERY,KEY", help="One weight in full: two tokens or positions."
        ),
    ] = None,
    precision: Annotated[int, typer.Option("--precision", help="How many decimals.")] = 3,
    json: Annotated[bool, typer.Option("--json", help="All steps as one JSON document.")] = False,
    **options: Any,
) -> None:
    """Tell what one head computes, from tokens to output, with the real numbers."""
    from attnviz.api.explain import explain as tell
    from attnviz.cli.input.sentences import sentences
    from attnviz.cli.options.parse import look_options, tell_change
    from attnviz.cli.options.parse import precision as checked
    from attnviz.cli.output.render import text_of
    from attnviz.errors import MisuseError

    world = ctx.obj
    world.color = options["color"]
    pair = None if cell is None else tuple(cell.rsplit(",", 1))
    if pair is not None and len(pair) != 2:
        raise MisuseError(f"--cell {cell!r} should be QUERY,KEY: two tokens or positions")
    digits = checked(precision) or 0
    for sentence in sentences(world, text or [], None, options["context"]):
        told = tell(
            sentence.text,
            sentence.context,
            layer=layer,
            head=head,
            cell=pair,
            **look_options(options),
        )
        tell_change(told)
        if json:
            from attnviz.render.reports.json_explanation import document

            world.write(document(told))
        else:
            from attnviz.render.reports.terminal_steps import Steps

            world.write(text_of(world, Steps(told, digits, ascii=world.ascii)))
