"""attnviz effect: what the ablation of each head does to the prediction of a model."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import typer

from attnviz.cli.commands.show import Text
from attnviz.cli.options.effect import EFFECT
from attnviz.cli.options.heads import FIGURE, REPORT_OUT
from attnviz.cli.options.look import MODEL
from attnviz.cli.options.shared import GENERAL
from attnviz.cli.options.spec import with_options

if TYPE_CHECKING:
    from attnviz.cli.output.target import Target
    from attnviz.render.head_report import HeadReport

TABLE_ROWS = 20  # without --top


@with_options(EFFECT, REPORT_OUT, MODEL, FIGURE, GENERAL, without=("input", "at"))
def effect(ctx: typer.Context, text: Text = None, **options: Any) -> None:
    """Ablate each head of a model in turn and rank heads by what this does to its prediction.

    An effect is that of this text and this prediction.
    """
    from attnviz.api.effect import effect as compute_effects
    from attnviz.api.effect import find_order
    from attnviz.api.effect_report import effect_report
    from attnviz.cli.commands.heads import parse_figure_style
    from attnviz.cli.environment import stream_id
    from attnviz.cli.input.sentences import input_files, read_valid_sentences
    from attnviz.cli.options.parse import parse_look_options
    from attnviz.cli.output.head_reports import check_targets, write_reports
    from attnviz.cli.output.progress import progress_bar
    from attnviz.cli.output.render import parse_targets
    from attnviz.cli.output.target import require_distinct_files
    from attnviz.errors import MisuseError

    env = ctx.obj.with_color(options["color"])
    style = parse_figure_style(env, options)
    targets = parse_targets(env, {**options, "graphics": "off"})
    check_targets(targets, "effects")
    inputs = input_files(env, {"input": None})
    require_distinct_files(targets, inputs, stream_id(env.stdout))
    find_order(options["sort"])
    if options["top"] is not None and options["top"] < 1:
        raise MisuseError(f"--top {options['top']} must be at least 1")
    sentences = list(read_valid_sentences(env, text or [], None, None))
    if len(sentences) > 1:
        raise MisuseError(f"effect takes one sentence; the input has {len(sentences)}")
    with progress_bar(env) as update:
        effects = compute_effects(
            sentences[0].text,
            replace=options["replace"],
            token=options["token"],
            lens=options["lens"],
            on_progress=update,
            **parse_look_options(options),
        )

    def shorten(report: HeadReport, target: Target) -> HeadReport:
        if target.format.kind == "figure":
            return report
        default = TABLE_ROWS if target.format.name == "table" else None
        return effect_report(effects, options["sort"], options["top"] or default)

    write_reports(env, targets, [(effect_report(effects), "")], style, shorten)
