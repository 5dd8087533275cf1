"""attnviz effect: what the ablation of each head does to the prediction of a model."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import typer

from attnviz.cli.commands.show import Text
from attnviz.cli.options.effect import EFFECT, EFFECT_DISPLAY, EFFECT_OUT, RESUME
from attnviz.cli.options.heads import CORPUS
from attnviz.cli.options.look import MODEL
from attnviz.cli.options.shared import GENERAL
from attnviz.cli.options.spec import with_options

if TYPE_CHECKING:
    from collections.abc import Iterator

    from attnviz.api.corpus_effects import EffectStatistics
    from attnviz.api.head_effects import HeadEffects
    from attnviz.cli.environment import Environment
    from attnviz.cli.input.sentence import Sentence
    from attnviz.cli.output.target import Target
    from attnviz.core.attention_map import AttentionMap
    from attnviz.render.head_report import HeadReport
    from attnviz.render.style import Style

TABLE_ROWS = 20  # without --top


@with_options(EFFECT, EFFECT_OUT, MODEL, EFFECT_DISPLAY, CORPUS, RESUME, GENERAL, without=("at",))
def effect(ctx: typer.Context, text: Text = None, **options: Any) -> int:
    """Ablate each head of a model in turn and rank heads by what this does to its prediction.

    With --input: mean and standard deviation over all its sentences.

    With -o effects.html: the page of the text, its heads ranked by their effects.
    """
    from attnviz.cli.batch.effect_corpus import average_effects
    from attnviz.cli.batch.effect_record import find_record_path, open_record
    from attnviz.cli.commands.heads import parse_figure_style
    from attnviz.cli.environment import stream_id
    from attnviz.cli.input.sentences import input_files, read_sentences
    from attnviz.cli.options.request import drop_run_options
    from attnviz.cli.output.head_reports import check_targets, refuse_lines_of_mean
    from attnviz.cli.output.render import parse_targets
    from attnviz.cli.output.target import require_distinct_files
    from attnviz.errors import MisuseError

    env = ctx.obj.with_color(options["color"])
    style = parse_figure_style(replace(env, command=drop_run_options(env.command)), options)
    targets = parse_targets(env, {**options, "graphics": "off"})
    check_targets(targets, "effects", ["html"])
    if has_page(targets) and options["input"] is not None:
        raise MisuseError(
            "a page shows the effects on one text; write those of --input as csv, json or png"
        )
    if options["input"] is not None:
        refuse_lines_of_mean(targets)
    for name in ("input", "corpus"):
        inputs = input_files(env, {"input": options[name]})
        require_distinct_files(targets, inputs, stream_id(env.stdout))
    check_order(options)
    record_path = find_record_path(targets, resume=options["resume"])
    sentences = read_sentences(env, text or [], {**options, "context": None})
    effect_options = parse_effect_options(env, options, targets)
    if options["input"] is None:
        effects = effects_of_one(env, sentences, effect_options)
        write_effects(env, targets, effects, style, options)
        return 0
    with open_record(env, record_path, options, effect_options["replace"]) as record:
        statistics, has_failures = average_effects(
            env, effect_options, sentences, targets, options, record
        )
        write_effects(env, targets, statistics, style, options)
        if record is not None and not (has_failures and options["fail_fast"]):
            record.discard()
    return int(has_failures)


def write_effects(
    env: Environment,
    targets: list[Target],
    effects: HeadEffects | EffectStatistics,
    style: Style,
    options: dict[str, Any],
) -> None:
    """Write the report of the effects on one sentence, or of their means, to each target."""
    from attnviz.api.corpus_effects import EffectStatistics
    from attnviz.api.effect_report import corpus_effect_report, effect_report
    from attnviz.api.head_effects import HeadEffects
    from attnviz.cli.options.parse import parse_look_options
    from attnviz.cli.output.head_reports import write_reports

    amap: AttentionMap | None = None
    if has_page(targets) and isinstance(effects, HeadEffects):
        amap = look_with_effects(effects, parse_look_options(options))

    def report(top: int | None, sort: str | None) -> HeadReport:
        if isinstance(effects, EffectStatistics):
            return corpus_effect_report(effects, sort, top)
        return replace(effect_report(effects, sort, top), amap=amap)

    def shorten(whole: HeadReport, target: Target) -> HeadReport:
        if target.format.kind == "figure":
            return whole
        default = TABLE_ROWS if target.format.name == "table" else None
        return report(options["top"] or default, options["sort"])

    write_reports(env, targets, [(report(None, None), "")], style, shorten)


def has_page(targets: list[Target]) -> bool:
    """Whether one of the targets is a page, which shows the map of the text."""
    return any(target.format.kind == "page" for target in targets)


def look_with_effects(effects: HeadEffects, look_options: dict[str, Any]) -> AttentionMap:
    """The map of the text, with the effects of its heads."""
    from attnviz.api.effect_map import add_effects
    from attnviz.api.look import look

    return add_effects(look(effects.text, **look_options), effects)


def check_order(options: dict[str, Any]) -> None:
    """Refuse an unknown order and a number of heads below 1, before anything runs."""
    from attnviz.api.head_effects import find_order
    from attnviz.errors import MisuseError

    find_order(options["sort"])
    if options["top"] is not None and options["top"] < 1:
        raise MisuseError(f"--top {options['top']} must be at least 1")


def parse_effect_options(
    env: Environment, options: dict[str, Any], targets: list[Target]
) -> dict[str, Any]:
    """The options of `attnviz.effect`; the mean outputs of --corpus are computed here.

    Raises MisuseError for --replace mean without a corpus.
    """
    from attnviz.cli.batch.effect_corpus import average_corpus_outputs
    from attnviz.cli.options.parse import parse_look_options
    from attnviz.errors import MisuseError

    look_options = parse_look_options(options)
    replacement: Any = options["replace"]
    if replacement == "mean":
        if options["corpus"] is None:
            raise MisuseError("--replace mean needs --corpus FILE: sentences to average over")
        replacement = average_corpus_outputs(env, options["corpus"], look_options, targets)
    chosen = {"replace": replacement, "token": options["token"], "lens": options["lens"]}
    return {**look_options, **chosen}


def effects_of_one(
    env: Environment, sentences: Iterator[Sentence], effect_options: dict[str, Any]
) -> HeadEffects:
    """The effects on one sentence; MisuseError for several."""
    from itertools import islice

    from attnviz.api.effect import effect
    from attnviz.cli.input.sentences import require_valid
    from attnviz.cli.output.progress import progress_bar
    from attnviz.errors import MisuseError

    first = list(islice(require_valid(sentences), 2))
    if len(first) > 1:
        raise MisuseError(
            "effect takes one sentence, standard input has more; --input - for their mean"
        )
    with progress_bar(env) as update:
        return effect(first[0].text, on_progress=update, **effect_options)
