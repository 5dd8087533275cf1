"""attnviz explain: the computation of one head, step by step."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated, Any

import typer

from attnviz.cli.commands.show import Text
from attnviz.cli.options.effects import ALL, acts_if, acts_on
from attnviz.cli.options.look import MECHANISM, MODEL, PARTS, SEEDED
from attnviz.cli.options.shared import CONTEXT, GENERAL
from attnviz.cli.options.spec import Group, Opt, with_options

if TYPE_CHECKING:
    from attnviz.render.reports.explanation_files import Writer

STEPS = Group(
    "Options",
    {
        "files": Opt(
            "--output, -o",
            list[str],
            metavar="FILE",
            help="Output file: .html, .md, .tex or .json. Repeatable.",
            default=[],
            effect=acts_if(),
        ),
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
    from attnviz.api.atomic_file import write_file
    from attnviz.api.explain import explain as compute_explanation
    from attnviz.cli.input.sentences import read_valid_sentences, with_headings
    from attnviz.cli.options.parse import parse_look_options, warn_if_modified
    from attnviz.cli.output.render import render_text
    from attnviz.errors import MisuseError
    from attnviz.style_options import check_range

    env = ctx.obj.with_color(options["color"])
    writers = check_files({**options, "ctx": ctx}, json=json)
    pair = None if cell is None else tuple(cell.rsplit(",", 1))
    if pair is not None and len(pair) != 2:
        raise MisuseError(f"--cell {cell!r} must be QUERY,KEY: two tokens or indices")
    digits = check_range("precision", options["precision"]) or 0
    sentences = list(read_valid_sentences(env, text or [], None, options["context"]))
    if writers and len(sentences) > 1:
        raise MisuseError(f"--output holds one sentence; the input has {len(sentences)}")
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
        if writers:
            files = {path: writer(explanation, digits) for path, writer in writers.items()}
            for path, data in files.items():  # all are rendered before the first is written
                write_file(path, data)
        elif json:
            from attnviz.render.reports.json_explanation import explanation_document

            env.write(explanation_document(explanation))
        else:
            from attnviz.render.reports.terminal_steps import ExplanationSteps

            env.write_text(heading)
            env.write(render_text(env, ExplanationSteps(explanation, digits, ascii=env.ascii)))


def check_files(options: dict[str, Any], *, json: bool) -> dict[str, Writer]:
    """The writer for each file of --output.

    Raises MisuseError for another extension, for the same file twice, and for options that do
    not act on files.
    """
    from attnviz.cli.options.effects import is_typed
    from attnviz.cli.output.target import real_path
    from attnviz.errors import MisuseError
    from attnviz.render.reports.explanation_files import as_json, find_writer

    files = options["files"]
    writers = {path: find_writer(path) for path in files}
    if files and json:
        raise MisuseError("--json cannot be combined with --output; use -o FILE.json")
    if len({real_path(path) for path in files}) < len(files):
        raise MisuseError("--output: the same file is given twice")
    if files and options["color"] != "auto":
        raise MisuseError("--color has no effect on files; it acts on standard output")
    has_digits = is_typed(options["ctx"], "precision")
    if has_digits and files and all(writer is as_json for writer in writers.values()):
        raise MisuseError("--precision has no effect on json")
    return writers
