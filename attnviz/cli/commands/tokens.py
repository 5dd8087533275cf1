"""attnviz tokens: how a text is tokenized."""

from __future__ import annotations

from typing import Annotated, Any

import typer

from attnviz.cli.commands.show import Text
from attnviz.cli.options.shared import GENERAL
from attnviz.cli.options.spec import with_options


@with_options(GENERAL)
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
            help="words, whitespace, characters, bytes, bpe, or a file or folder.",
        ),
    ] = "words",
    input: Annotated[
        str | None,
        typer.Option(
            "--input", "-i", metavar="FILE", help="Read sentences from a file, one per line."
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="JSON Lines output.")] = False,
    **options: Any,
) -> None:
    """Show how a text is tokenized: labels, pieces, ids, character offsets."""
    from attnviz.cli.input.sentences import read_valid_sentences
    from attnviz.cli.output.render import render_text
    from attnviz.sources.tokenizing.tokenizers import find_tokenizer

    env = ctx.obj.with_color(options["color"])
    encode = find_tokenizer(tokenizer).encode
    for sentence in read_valid_sentences(env, text or [], input, None):
        encoding = encode(sentence.text)
        if json:
            from attnviz.render.reports.json_tokens import tokens_json

            env.write(tokens_json(sentence.text, encoding.tokens, encoding.ids))
        else:
            from attnviz.render.reports.terminal_tokens import TokenTable

            env.write(render_text(env, TokenTable(encoding.tokens, encoding.ids)))
