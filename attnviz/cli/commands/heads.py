"""attnviz heads: all heads in a table of numbers."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from attnviz.cli.commands.show import Text
from attnviz.cli.options.shared import COLOR, LOOK, MODEL, PARTS, STYLE, TEXTS
from attnviz.cli.options.spec import takes

WHICH = ("layer", "head", "segments")


@takes(
    TEXTS, LOOK, PARTS, MODEL, STYLE, COLOR,
    without=tuple(name for name in STYLE if name not in WHICH),
)  # fmt: skip
def heads(
    ctx: typer.Context,
    text: Text = None,
    *,
    sort: Annotated[
        str, typer.Option("--sort", metavar="NAME", help="layer, pattern, entropy or distance.")
    ] = "layer",
    json: Annotated[bool, typer.Option("--json", help="As JSON, one document a line.")] = False,
    **options: Any,
) -> None:
    """List all heads: what each is known for, how widely and how far it looks."""
    from attnviz.api.head_stats import facts, ordered
    from attnviz.api.look import look
    from attnviz.cli.input.sentences import sentences
    from attnviz.cli.options.parse import look_options, selected, tell_change
    from attnviz.cli.output.render import text_of
    from attnviz.render.reports.json_heads import document

    world = ctx.obj
    world.color = options["color"]
    ordered([], sort)  # refuses an order that is none, before anything runs
    for sentence in sentences(world, text or [], None, options["context"]):
        asked = {**selected(options), **look_options(options)}
        amap = look(sentence.text, sentence.context, pool=0, **asked)
        tell_change(amap)
        rows = ordered(list(facts(amap)), sort)
        if json:
            world.write(document(amap, rows))
        else:
            from attnviz.render.reports.terminal_heads import listing

            world.write(text_of(world, listing(amap, rows)))
