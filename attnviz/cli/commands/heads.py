"""attnviz heads: a summary of every head as a table."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from attnviz.cli.commands.show import Text
from attnviz.cli.options.look import MECHANISM, MODEL, PARTS, SEEDED
from attnviz.cli.options.shared import CONTEXT, GENERAL, SELECTION
from attnviz.cli.options.spec import with_options


@with_options(CONTEXT, MECHANISM, MODEL, SELECTION, PARTS, SEEDED, GENERAL)
def heads(
    ctx: typer.Context,
    text: Text = None,
    *,
    sort: Annotated[
        str,
        typer.Option(
            "--sort", metavar="NAME", help="Sort by layer, pattern, entropy or distance."
        ),
    ] = "layer",
    json: Annotated[
        bool, typer.Option("--json", help="JSON Lines output, one document per sentence.")
    ] = False,
    **options: Any,
) -> None:
    """Summarize every head: pattern, entropy, mean distance and strongest link."""
    from attnviz.api.head_stats import head_stats, require_order
    from attnviz.api.look import look
    from attnviz.cli.input.sentences import read_valid_sentences, with_headings
    from attnviz.cli.options.parse import parse_look_options, parse_selection, warn_if_modified
    from attnviz.cli.output.render import render_text
    from attnviz.render.reports.json_heads import heads_document

    env = ctx.obj.with_color(options["color"])
    require_order(sort)  # before anything runs
    look_options = {**parse_selection(options), **parse_look_options(options)}
    sentences = read_valid_sentences(env, text or [], None, options["context"])
    for sentence, heading in with_headings(sentences):
        amap = look(sentence.text, sentence.context, pool=0, **look_options)
        warn_if_modified(amap)
        rows = head_stats(amap, sort)
        if json:
            env.write(heads_document(amap, rows))
        else:
            from attnviz.render.reports.terminal_heads import heads_table

            env.write_text(heading)
            env.write(render_text(env, heads_table(amap, rows)))
