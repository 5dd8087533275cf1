"""attnviz compare: several mechanisms on the same query and key vectors, and the differences."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from attnviz.cli.commands.show import Text
from attnviz.cli.options.look import MODEL, PARTS, SEEDED
from attnviz.cli.options.shared import CONTEXT, DISPLAY, GENERAL, IN_OUT, SELECTION
from attnviz.cli.options.spec import with_options


@with_options(
    CONTEXT, IN_OUT, MODEL, SELECTION, DISPLAY, PARTS, SEEDED, GENERAL, without=("input",)
)
def compare(
    ctx: typer.Context,
    text: Text = None,
    *,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            "--variant",
            "-v",
            metavar="NAME[:KEY=VALUE,…]",
            help="Mechanism to compare, with settings: scaled-dot:temperature=0.5. Repeat; with a "
            "model, one is enough.",
        ),
    ] = None,
    **options: Any,
) -> None:
    """Compare two or more mechanisms on one sentence.

    Shows the map of each mechanism and its difference from the first. With --model the first is
    the model as it was trained.
    """
    from attnviz.api.compare import compare as compare_mechanisms
    from attnviz.cli.input.sentences import read_valid_sentences
    from attnviz.cli.options.parse import parse_look_options, parse_selection
    from attnviz.cli.output.render import write_all

    env = ctx.obj.with_color(options["color"])
    look_options = parse_selection(options) | parse_look_options(options)
    maps = (
        compare_mechanisms(sentence.text, sentence.context, variants=variant or [], **look_options)
        for sentence in read_valid_sentences(env, text or [], None, options["context"])
    )
    write_all(env, maps, options)
