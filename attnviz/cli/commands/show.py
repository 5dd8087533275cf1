"""attnviz show: the attention weights of sentences, in every view and format."""

from __future__ import annotations

from itertools import chain, islice
from typing import Annotated, Any

import typer

from attnviz.cli.options.batch import BATCH, LONG_TEXTS
from attnviz.cli.options.look import MECHANISM, MODEL, PARTS, PREDICT, SEEDED
from attnviz.cli.options.program import Debug, Version
from attnviz.cli.options.shared import (
    CONTEXT,
    CONTRIBUTION,
    DISPLAY,
    GENERAL,
    IN_OUT,
    REDUCTION,
    SELECTION,
    WITH_QK,
)
from attnviz.cli.options.spec import Group, with_options

VECTORS = Group(IN_OUT.title, {"with_qk": WITH_QK})

Text = Annotated[
    list[str] | None,
    typer.Argument(metavar="TEXT", help="Sentence to analyze, or - for standard input."),
]


@with_options(
    IN_OUT, CONTEXT, VECTORS, MECHANISM, MODEL, PREDICT, SELECTION, CONTRIBUTION, REDUCTION,
    DISPLAY, PARTS, SEEDED, LONG_TEXTS, BATCH, GENERAL,
)  # fmt: skip
def show(
    ctx: typer.Context,
    text: Text = None,
    *,
    version: Version = False,
    debug: Debug = False,
    **options: Any,
) -> int:
    """Show the attention weights of a sentence (default command).

    Without --model the weights are untrained: they show how a mechanism behaves.
    """
    del version, debug  # listed in the help; acted on before
    from attnviz.cli.batch.job import Job
    from attnviz.cli.environment import stream_id
    from attnviz.cli.input.sentences import (
        SINGLE_SENTENCE_FORMATS,
        input_files,
        input_format,
        read_sentences,
    )
    from attnviz.cli.options.parse import parse_look_options, parse_selection
    from attnviz.cli.output.map_writers import open_writers
    from attnviz.cli.output.render import parse_targets
    from attnviz.cli.output.style import parse_style
    from attnviz.cli.output.target import require_distinct_files

    if "," in (options["temperature"] or ""):
        return show_temperatures(ctx, text or [], options)
    env = ctx.obj.with_color(options["color"])
    style = parse_style(env, options)
    targets = parse_targets(env, options)
    look_options = {
        "with_vectors": options["with_qk"],
        "pool": options["pool"],
        "pool_by": options["pool_by"],
        "predict": options["predict"],
        **parse_selection(options),
        **parse_look_options(options),
    }
    inputs = input_files(env, options)
    require_distinct_files(targets, inputs, stream_id(env.stdout))
    job = Job(look_options, style, options["query"], targets, env.without_streams())
    sentences = read_sentences(env, text or [], options)
    first = list(islice(sentences, 2))
    if len(first) > 1 or options["resume"] or input_format(options) not in SINGLE_SENTENCE_FORMATS:
        from attnviz.cli.batch.batch import run_batch

        return run_batch(env, job, chain(first, sentences), options, inputs)
    sentence = first[0]
    if sentence.error is not None:
        raise sentence.error
    outputs = job(sentence)
    with open_writers(env, targets, many=False, inputs=inputs) as writers:
        for writer, data in zip(writers, outputs, strict=True):
            writer.write(1, sentence.id, data)
        for writer in writers:
            writer.commit()
    return 0


def show_temperatures(ctx: typer.Context, words: list[str], options: dict[str, Any]) -> int:
    """Show the mechanism at several temperatures, as small multiples on one color scale.

    Raises MisuseError for options that a comparison does not have.
    """
    from attnviz.cli.commands.compare import with_temperatures, write_comparison
    from attnviz.cli.options.effects import flag, is_typed
    from attnviz.errors import MisuseError

    for name in (*VECTORS, *LONG_TEXTS, *BATCH, *CONTRIBUTION, *REDUCTION):
        if is_typed(ctx, name):
            raise MisuseError(f"{flag(name)} has no effect with several temperatures")
    variant = options.pop("variant")
    variants = with_temperatures([variant] if variant else [], options)
    write_comparison(ctx, words, variants, options, differences=False)
    return 0
