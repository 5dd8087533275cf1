"""attnviz compare: several mechanisms on the same query and key vectors, and the differences."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any

import typer

from attnviz.cli.options.files import (
    FILE_CONTENTS,
    FILE_TOKENS,
    TOKENS_OF_FILES,
    refuse_other_input,
)
from attnviz.cli.options.look import MODEL, PARTS, PREDICT, SEEDED
from attnviz.cli.options.shared import CONTEXT, DISPLAY, GENERAL, IN_OUT, SELECTION
from attnviz.cli.options.spec import with_options

Texts = Annotated[
    list[str] | None,
    typer.Argument(
        metavar="TEXT|FILE…",
        help="Sentence, or two to compare; - for standard input. Or attention files to compare.",
    ),
]


OF_SENTENCES = ("variant", *CONTEXT, *MODEL, *PREDICT, *PARTS, *SEEDED)


@with_options(
    CONTEXT, IN_OUT, MODEL, PREDICT, SELECTION, DISPLAY, PARTS, SEEDED, FILE_CONTENTS,
    TOKENS_OF_FILES, GENERAL, without=("input",),
)  # fmt: skip
def compare(
    ctx: typer.Context,
    text: Texts = None,
    *,
    variant: Annotated[
        list[str] | None,
        typer.Option(
            "--variant",
            "-v",
            metavar="NAME:KEY=VALUE",
            help="Mechanism to compare, with settings: scaled-dot:temperature=0.5. Repeat; with a "
            "model, one is enough.",
        ),
    ] = None,
    **options: Any,
) -> None:
    """Compare mechanisms on one sentence, one mechanism on two sentences, or attention files.

    Shows each map and its difference from the first. With --model the first is the model as it
    was trained. Two sentences of equally many tokens are aligned by position, others by the
    tokens that they share.
    """
    from attnviz.cli.input.sentences import require_no_file
    from attnviz.sources.external.token_argument import is_file

    words, other_text = text or [], None
    is_of_files = len(words) > 1 and all(map(is_file, words))
    refuse_other_input(ctx, OF_SENTENCES, is_of_files=is_of_files)
    if is_of_files:
        write_comparison_of_files(ctx, words, options)
        return
    if len(words) == 2 and "-" not in words:
        words, other_text = words[:1], words[1]
        require_no_file(other_text)
    variants = with_temperatures(variant or [], options)
    write_comparison(ctx, words, variants, options, other_text=other_text)


def write_comparison_of_files(
    ctx: typer.Context, files: list[str], options: dict[str, Any]
) -> None:
    """Write the comparison of the maps in files; those of several texts are compared in order."""
    from attnviz.api.compare_maps import compare_maps
    from attnviz.cli.input.map_files import file_ids, name_files, read_maps, zip_maps
    from attnviz.cli.output.render import write_all
    from attnviz.sources.external.token_argument import parse_token_arguments

    env = ctx.obj.with_color(options["color"])
    tokens = parse_token_arguments(**{name: options[name] for name in FILE_TOKENS})
    names = name_files(files)
    maps = (
        compare_maps(dict(zip(names, group, strict=True)))
        for group in zip_maps(*(read_maps(env, file, options, tokens) for file in files))
    )
    write_all(env, maps, options, inputs=file_ids(env, *files))


def with_temperatures(variants: Sequence[str], options: dict[str, Any]) -> Sequence[str]:
    """The mechanism at each of several temperatures; those of one value or none unchanged."""
    from attnviz.cli.options.parse import parse_temperatures
    from attnviz.errors import MisuseError

    if "," not in (options["temperature"] or ""):
        return variants
    temperatures = parse_temperatures(options.pop("temperature"))
    if len(variants) > 1:
        raise MisuseError("several temperatures of several mechanisms; give one -v")
    name = variants[0] if variants else ""  # the default mechanism, or the model's own
    name += "," if ":" in name else ":"
    return [f"{name}temperature={repr(value).removesuffix('.0')}" for value in temperatures]


def write_comparison(
    ctx: typer.Context,
    words: list[str],
    variants: Sequence[str],
    options: Mapping[str, Any],
    **arguments: Any,
) -> None:
    """Write the comparison of each sentence; `arguments` are further ones of attnviz.compare."""
    from attnviz.api.compare import compare as compute_comparison
    from attnviz.cli.input.sentences import read_valid_sentences
    from attnviz.cli.options.parse import parse_look_options, parse_selection
    from attnviz.cli.output.render import write_all

    env = ctx.obj.with_color(options["color"])
    look_options = parse_selection(options) | parse_look_options(options)
    look_options["predict"] = options["predict"]
    maps = (
        compute_comparison(
            sentence.text, sentence.context, variants=variants, **arguments, **look_options
        )
        for sentence in read_valid_sentences(env, words, options.get("input"), options["context"])
    )
    write_all(env, maps, options)
