"""attnviz heads: measures of every head, of a sentence, of a corpus, or of maps in files."""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated, Any

import typer

from attnviz.cli.options.files import (
    FILE_CONTENTS,
    FILE_TOKENS,
    TOKENS_OF_FILES,
    refuse_other_input,
)
from attnviz.cli.options.heads import CORPUS, FIGURE, HEADS, REPORT_OUT
from attnviz.cli.options.look import LOOK, MECHANISM, MODEL, PARTS, SEEDED
from attnviz.cli.options.shared import CONTEXT, CONTRIBUTION, GENERAL, REDUCTION, SELECTION
from attnviz.cli.options.spec import with_options

if TYPE_CHECKING:
    from attnviz.api.head_report import ReportOptions
    from attnviz.cli.environment import Environment
    from attnviz.core.attention_map import AttentionMap
    from attnviz.render.head_report import HeadReport

OF_SENTENCES = ("input", *(n for group in (*LOOK, CONTEXT, CONTRIBUTION, CORPUS) for n in group))


@with_options(
    HEADS, REPORT_OUT, CONTEXT, MECHANISM, MODEL, SELECTION, CONTRIBUTION, REDUCTION, FIGURE,
    PARTS, SEEDED, CORPUS, FILE_CONTENTS, TOKENS_OF_FILES, GENERAL,
)  # fmt: skip
def heads(
    ctx: typer.Context,
    text: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="TEXT|FILE…",
            help="Sentence, - for standard input, or files with attention of other programs.",
        ),
    ] = None,
    **options: Any,
) -> int:
    """Measure every head: pattern, entropy, distance and 31 more, as table, data or figure.

    With --input, or several files: mean and standard deviation over all of them.
    """
    from attnviz.api.head_report import CLUSTERS_OF_ONE, map_report
    from attnviz.cli.environment import stream_id
    from attnviz.cli.input.map_files import file_ids
    from attnviz.cli.input.sentences import input_files, read_sentences
    from attnviz.cli.options.parse import parse_look_options, parse_selection
    from attnviz.cli.output.head_reports import check_targets, refuse_lines_of_mean, write_reports
    from attnviz.cli.output.render import parse_targets
    from attnviz.cli.output.target import require_distinct_files
    from attnviz.errors import MisuseError
    from attnviz.sources.external.token_argument import is_file

    env = ctx.obj.with_color(options["color"])
    words = text or []
    report_options, style = parse_report_options(options), parse_figure_style(env, options)
    targets = parse_targets(env, {**options, "graphics": "off"})
    check_targets(targets)
    is_of_files = any(map(is_file, words))
    refuse_options(ctx, words, is_of_files)
    is_corpus = options["input"] is not None or (is_of_files and len(words) > 1)
    if is_corpus:
        given = str(options["input"] or "")
        is_plain = given.endswith(".txt") and options["input_format"] is None
        lines = f"attnviz heads - -f jsonl < {shlex.quote(given)}" if is_plain else ""
        refuse_lines_of_mean(targets, lines)
    if is_corpus and options["clusters"] is not None:
        raise MisuseError(CLUSTERS_OF_ONE)
    inputs = file_ids(env, *words) if is_of_files else input_files(env, options)
    require_distinct_files(targets, inputs, stream_id(env.stdout))
    if is_of_files:
        write_reports(
            env, targets, [(file_report(env, words, options, report_options), "")], style
        )
        return 0
    look_options = {**parse_selection(options), **parse_look_options(options)}
    if options["input"] is not None:
        from attnviz.api.head_report import corpus_report
        from attnviz.cli.batch.head_corpus import measure_corpus

        sentences = read_sentences(env, words, options)
        statistics, first, has_failures = measure_corpus(
            env, look_options, sentences, targets, options
        )
        report = corpus_report(statistics, first.title, first.meta, report_options)
        write_reports(env, targets, [(report, "")], style)
        return int(has_failures)

    reports = (
        (map_report(amap, report_options), heading)
        for amap, heading in compute_each(env, words, look_options, options)
    )
    write_reports(env, targets, reports, style)
    return 0


def compute_each(
    env: Environment, words: list[str], look_options: dict[str, Any], options: dict[str, Any]
) -> Iterator[tuple[AttentionMap, str]]:
    """The map of each sentence, and the heading of its table."""
    from attnviz.api.look import look
    from attnviz.cli.input.sentences import read_sentences, require_valid, with_headings
    from attnviz.cli.options.parse import warn_if_modified

    sentences = require_valid(read_sentences(env, words, options))
    for sentence, heading in with_headings(sentences):
        texts, arguments = sentence.arguments(look_options)
        amap = look(*texts, pool=0, **arguments)
        warn_if_modified(amap)
        yield amap, heading


def file_report(
    env: Environment, files: list[str], options: dict[str, Any], report_options: ReportOptions
) -> HeadReport:
    """The report of the map in a file, or over the maps of several."""
    from itertools import chain, islice

    from attnviz.api.head_report import corpus_report, map_report
    from attnviz.cli.input.map_files import read_maps
    from attnviz.measures.corpus import CorpusStatistics, HeadValues
    from attnviz.sources.external.token_argument import parse_token_arguments

    tokens = parse_token_arguments(**{name: options[name] for name in FILE_TOKENS})
    maps = chain.from_iterable(read_maps(env, file, options, tokens) for file in files)
    first = list(islice(maps, 2))
    if len(first) == 1:
        return map_report(first[0], report_options)
    statistics = CorpusStatistics()
    for amap in chain(first, maps):
        statistics.add(HeadValues.of(amap))
    return corpus_report(statistics, first[0].title, first[0].meta, report_options)


def refuse_options(ctx: typer.Context, words: list[str], is_of_files: bool) -> None:
    """Raise MisuseError for options of sentences with files, and of files with sentences."""
    from attnviz.errors import CouldNotError
    from attnviz.sources.external.token_argument import is_file

    refuse_other_input(ctx, OF_SENTENCES, is_of_files=is_of_files)
    for word in words:
        if (is_of_files or is_path(word)) and not is_file(word):
            raise CouldNotError(f"cannot read {word!r}: there is no file of this name")


def is_path(word: str) -> bool:
    """Whether an argument is a path and no sentence: with the extension of a file, or a folder.

    A sentence of one word may be the name of a folder; only one with a slash counts.
    """
    from pathlib import Path

    from attnviz.sources.external.readers import READERS

    if any(letter.isspace() for letter in word):
        return False
    suffixes = [suffix for reader in READERS for suffix in reader.suffixes]
    return word.lower().endswith(tuple(suffixes)) or ("/" in word and Path(word).is_dir())


def parse_report_options(options: dict[str, Any]) -> ReportOptions:
    """Order, number, measures and clusters of the table, checked before anything runs."""
    from attnviz.api.head_report import ReportOptions
    from attnviz.api.head_stats import require_order
    from attnviz.errors import MisuseError

    require_order(options["sort"])
    top, names = options["top"], options["measure"]
    if top is not None and top < 1:
        raise MisuseError(f"--top {top} must be at least 1")
    requested = None if names is None else [name.strip() for name in names.split(",")]
    result = ReportOptions(options["sort"], top, requested, options["clusters"])
    if requested is not None and len({m.name for m in result.measures or ()}) < len(requested):
        raise MisuseError(f"--measure {names!r} has a measure twice")
    return result


def parse_figure_style(env: Environment, options: dict[str, Any]) -> Any:
    """The style of figures, and the command in their metadata."""
    from dataclasses import replace

    from attnviz._version import __version__
    from attnviz.cli.output.style import parse_style

    style = parse_style(env, {"view": "auto", **options})
    made_by = {"Software": f"attnviz {__version__}", "Command": env.command}
    return replace(style, made_by=made_by if style.show_metadata else {})
