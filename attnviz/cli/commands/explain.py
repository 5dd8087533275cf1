"""attnviz explain: the computation of one head, step by step."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attnviz.cli.options.effects import acts_if, acts_on
from attnviz.cli.options.files import FILE_CONTENTS, TOKENS_OF_FILES
from attnviz.cli.options.look import MECHANISM, MODEL, PARTS, SEEDED
from attnviz.cli.options.shared import CONTEXT, GENERAL
from attnviz.cli.options.spec import Group, Opt, with_options
from attnviz.style_options import ALL

if TYPE_CHECKING:
    from attnviz.cli.environment import Environment
    from attnviz.core.explain.explanation import Explanation

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


VECTOR_FILES = Group(
    "Files with queries and keys",
    {
        **{name: FILE_CONTENTS.options[name] for name in ("which", "attention_mask")},
        "axes": Opt(
            "--axes",
            str,
            metavar="LETTERS",
            help="Axis order of queries and keys: b(atch) h(ead) t(oken) d, e.g. bthd.",
        ),
        **TOKENS_OF_FILES.options,
    },
)
OF_SENTENCES = (*CONTEXT, *MODEL, *(name for name in SEEDED if name != "heads"))

TextOrFile = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TEXT|FILE",
        help="Sentence to explain, or - for standard input. Or a file with queries and keys.",
    ),
]


@with_options(STEPS, CONTEXT, MECHANISM, MODEL, PARTS, SEEDED, VECTOR_FILES, GENERAL)
def explain(
    ctx: typer.Context,
    text: TextOrFile = None,
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
    query_token: Annotated[
        str | None,
        typer.Option(
            "--query", metavar="TOKEN", help="Query of that weight, as in --cell; with --key."
        ),
    ] = None,
    key_token: Annotated[
        str | None,
        typer.Option("--key", metavar="TOKEN", help="Key of that weight; with --query."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="All steps as one JSON document.")] = False,
    **options: Any,
) -> int:
    """Walk through one head's computation step by step, from tokens to output.

    A file with queries and keys (npz, safetensors, JSON) is explained likewise.

    Weights in it are compared with the computed ones: exit status 4 if they differ.
    """
    from attnviz.api.explain import explain as compute_explanation
    from attnviz.api.explain_arrays import explain_arrays
    from attnviz.cli.input.sentences import read_valid_sentences, with_headings
    from attnviz.cli.options.files import refuse_other_input
    from attnviz.cli.options.parse import parse_look_options, warn_if_modified
    from attnviz.cli.output.explanation_output import choose_writer
    from attnviz.errors import MisuseError
    from attnviz.sources.external.token_argument import is_file, parse_token_arguments

    env = ctx.obj.with_color(options["color"])
    words = text or []
    write = choose_writer(ctx, env, words, options, json=json)
    pair = parse_cell(cell, query_token, key_token)
    is_of_file = len(words) == 1 and is_file(words[0])
    refuse_other_input(ctx, OF_SENTENCES, is_of_files=is_of_file, of_files=VECTOR_FILES)
    look_options = parse_look_options(options)
    if is_of_file:
        look_options.pop("tokenizer", None)  # that of the tokens
        names = {name: options[name] for name in (*TOKENS_OF_FILES, "tokenizer")}
        arguments = {name: options[name] for name in ("which", "axes")}
        explanation = explain_arrays(
            Path(words[0]),
            layer=layer,
            head=head,
            cell=pair,
            tokens=parse_token_arguments(**names),
            attention_mask=parse_flags(options["attention_mask"]),
            **arguments,
            **look_options,
        )
        for guess in explanation.meta.get("guessed", ()):
            env.warn(f"note: {Path(words[0]).name}: {guess}")
        write(explanation, "")
        return report_disagreement(env, explanation)
    sentences = list(read_valid_sentences(env, words, None, options["context"]))
    if options["files"] and len(sentences) > 1:
        raise MisuseError(f"--output holds one sentence; the input has {len(sentences)}")
    for sentence, heading in with_headings(sentences):
        explanation = compute_explanation(
            sentence.text, sentence.context, layer=layer, head=head, cell=pair, **look_options
        )
        warn_if_modified(explanation)
        write(explanation, heading)
    return 0


def parse_flags(text: str | None) -> Any:
    """The attention mask that --attention-mask states; None without one."""
    from attnviz.sources.external.mask_argument import parse_attention_mask

    return None if text is None else parse_attention_mask(text)


def parse_cell(cell: str | None, query: str | None, key: str | None) -> tuple[str, str] | None:
    """The query and key of --cell, or of --query and --key; None without them."""
    from attnviz.errors import MisuseError

    if query is None and key is None:
        if cell is None:
            return None
        first, comma, second = cell.rpartition(",")
        if not comma:
            raise MisuseError(f"--cell {cell!r} must be QUERY,KEY: two tokens or indices")
        return first, second
    if cell is not None:
        raise MisuseError("give either --cell, or --query and --key")
    if query is None or key is None:
        missing = "--query" if query is None else "--key"
        raise MisuseError(f"a weight has a query and a key; add {missing} TOKEN")
    return query, key


def report_disagreement(env: Environment, explanation: Explanation) -> int:
    """The exit status: 4, with a line, where weights in the file differ from the computed ones."""
    from attnviz.errors import NOT_PASSED

    stored = explanation.meta.get("stored_weights")
    if stored is None or stored["equal"]:
        return 0
    env.warn(f"FAIL: weights in the source: {explanation.steps[-1].meaning}")
    return NOT_PASSED
