"""attnviz explain: the computation of one head, step by step."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from attnviz.cli.commands.show import Text
from attnviz.cli.options.effects import ALL, acts_on
from attnviz.cli.options.look import MECHANISM, MODEL, PARTS, SEEDED
from attnviz.cli.options.shared import CONTEXT, GENERAL
from attnviz.cli.options.spec import Group, Opt, with_options

STEPS = Group(
    "Options",
    {
        "precision": Opt(
            "--precision", int, help="Decimal places.", default=3, effect=acts_on(terminal=ALL)
        ),
    },
)


@with_options(STEPS, CONTEXT, MECHANISM, MODEL, PARTS, SEEDED, GENERAL)
def explain(
    ctx: typer.Context,
    text: Text = None,
    *,
    layer: Annotated[
        str | None,
        typer.Option("--layer", metavar="N", help="Layer to explain.", show_default="0"),
    ] = None,
    head: Annotated[
        str | None,
        typer.Option(
            "--head", metavar="N", help="Head to explain, or LAYER.HEAD.", show_default="0"
        ),
    ] = None,
    cell: Annotated[
        str | None,
        typer.Option(
            "--cell",
            metavar="QUERY,KEY",
            help="Explain a single weight, given by two tokens or indices: cat,sat.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="All steps as one JSON document.")] = False,
    **options: Any,
) -> None:
    """Walk through one head's computation step by step, from tokens to output."""
    from attnviz.api.explain import explain as compute_explanation
    from attnviz.cli.input.sentences import read_valid_sentences, with_headings
    from attnviz.cli.options.parse import check_precision, parse_look_options, warn_if_modified
    from attnviz.cli.output.render import render_text
    from attnviz.errors import MisuseError

    env = ctx.obj.with_color(options["color"])
    pair = None if cell is None else tuple(cell.rsplit(",", 1))
    if pair is not None and len(pair) != 2:
        raise MisuseError(f"--cell {cell!r} must be QUERY,KEY: two tokens or indices")
    digits = check_precision(options["precision"]) or 0
    sentences = read_valid_sentences(env, text or [], None, options["context"])
    for sentence, heading in with_headings(sentences):
        explanation = compute_explanation(
            sentence.text,
            sentence.context,
            layer=layer,
            head=head,
            cell=pair,
            **parse_look_options(options),
        )
        warn_if_modified(explanation)
        if json:
            from attnviz.render.reports.json_explanation import explanation_document

            env.write(explanation_document(explanation))
        else:
            from attnviz.render.reports.terminal_steps import ExplanationSteps

            env.write_text(heading)
            env.write(render_text(env, ExplanationSteps(explanation, digits, ascii=env.ascii)))
