"""attnviz show: look, and show what was seen."""

from __future__ import annotations

from itertools import chain, islice
from typing import Annotated, Any

import typer

from attnviz.cli.options.batch import BATCH, LONG
from attnviz.cli.options.shared import COLOR, LOOK, MODEL, PARTS, STYLE, TEXTS, WHERE
from attnviz.cli.options.spec import takes

Text = Annotated[
    list[str] | None,
    typer.Argument(metavar="TEXT", help="The sentence; - reads standard input."),
]


@takes(TEXTS, LOOK, PARTS, MODEL, WHERE, BATCH, LONG, STYLE, COLOR)
def show(
    ctx: typer.Context,
    text: Text = None,
    *,
    with_qk: Annotated[
        bool, typer.Option("--with-qk", help="Keep queries and keys too: the page shows them.")
    ] = False,
    **options: Any,
) -> int:
    """Show where attention looks in a sentence (the command that needs no name)."""
    from attnviz.cli.batch.job import Work
    from attnviz.cli.input.sentences import SINGLE, form_of, lines
    from attnviz.cli.options.parse import look_options, selected
    from attnviz.cli.output.render import targets
    from attnviz.cli.output.sinks import places_for
    from attnviz.cli.output.style import model_view, style_of

    world = ctx.obj
    world.color = options["color"]
    style, found = model_view(style_of(world, options), options), targets(world, options)
    kept = {"with_vectors": with_qk, "pool": options["pool"], "pool_by": options["pool_by"]}
    look = selected(options) | kept | look_options(options)
    work = Work(look, style, options["query"], found, world.without_streams())
    given = lines(world, text or [], options)
    first = list(islice(given, 2))
    if len(first) > 1 or options["resume"] or form_of(options) not in SINGLE:
        from attnviz.cli.batch.batch import batch

        return batch(world, work, chain(first, given), options)
    sentence = first[0]
    if sentence.error is not None:
        raise sentence.error
    made = work(sentence)
    with places_for(world, found, many=False) as places:
        for place, data in zip(places, made, strict=True):
            place.put(1, sentence.id, data)
    return 0
