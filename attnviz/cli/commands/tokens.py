"""attnviz tokens: how a text falls into pieces."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from attnviz.cli.commands.show import Text
from attnviz.cli.options.shared import COLOR
from attnviz.cli.options.spec import takes


@takes(COLOR)
def tokens(
    ctx: typer.Context,
    text: Text = None,
    *,
    tokenizer: Annotated[
        str,
        typer.Option(
            "--tokenizer",
            "-t",
            metavar="NAME|FILE",
            help="words, whitespace, characters, bytes, bpe, or a tokenizer.json.",
        ),
    ] = "words",
    input: Annotated[
        str | None,
        typer.Option("--input", "-i", metavar="FILE", help="Read sentences, one a line."),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="As JSON, one document a line.")] = False,
    **options: Any,
) -> None:
    """Show the tokens of a text: labels, pieces, ids, character offsets."""
    from attnviz.cli.input.sentences import sentences
    from attnviz.cli.output.render import text_of
    from attnviz.sources.tokenizing.tokenizers import tokenizer as load

    world = ctx.obj
    world.color = options["color"]
    encode = load(tokenizer).encode
    for sentence in sentences(world, text or [], input, None):
        encoded = encode(sentence.text)
        if json:
            from attnviz.render.reports.json_tokens import document

            world.write(document(sentence.text, encoded.tokens, encoded.ids))
        else:
            from attnviz.render.reports.terminal_tokens import Pieces

            world.write(text_of(world, Pieces(encoded.tokens, encoded.ids)))
