"""Options of the command `effect`."""

from __future__ import annotations

from dataclasses import replace

from attnviz.cli.options.batch import BATCH
from attnviz.cli.options.completion import effect_order_names
from attnviz.cli.options.effects import Need, acts_if, acts_on, is_with
from attnviz.cli.options.heads import FIGURE, HEADS, REPORT_FORMATS, report_output
from attnviz.cli.options.spec import Group, Opt
from attnviz.style_options import ALL

EFFECT = Group(
    "Effects",
    {
        "replace": Opt(
            "--replace",
            str,
            metavar="NAME",
            help="What an ablated head is replaced by: zero (no output), uniform (equal weights "
            "on all visible keys) or mean (its mean output over --corpus).",
            default="zero",
            value_names=lambda: ("zero", "uniform", "mean"),
        ),
        "corpus": Opt(
            "--corpus",
            str,
            metavar="FILE",
            help="Sentences whose mean head outputs --replace mean takes, one per line.",
            effect=acts_if(
                Need(
                    lambda request: request.options["replace"] == "mean", "without --replace mean"
                )
            ),
        ),
        "token": Opt(
            "--token",
            str,
            metavar="TOKEN",
            help="Token whose logit is measured.",
            default_text="the most probable one",
        ),
        "sort": Opt(
            "--sort",
            str,
            metavar="NAME",
            help="Rank by kl, logit-change, cosine-distance or direct-effect; or layer.",
            default_text="kl, or cosine-distance",
            value_names=effect_order_names,
            effect=acts_on(terminal=ALL, csv_table=ALL, json_document=ALL, parquet=ALL),
        ),
        "top": replace(HEADS.options["top"], default_text="20 in tables, else all"),
        "lens": Opt(
            "--lens",
            bool,
            help="Add the logit lens: the prediction of the hidden states of each layer.",
            default=False,
            effect=acts_on(
                Need(
                    lambda request: not request.is_given("input"),
                    "with --input; it acts on one sentence",
                ),
                terminal=ALL,
                json_document=ALL,
                page=ALL,
            ),
        ),
    },
)

RESUME = Group(
    BATCH.title, {"resume": replace(BATCH.options["resume"], effect=acts_if(is_with("input")))}
)

EFFECT_OUT = report_output((*REPORT_FORMATS, "html"))

EFFECT_DISPLAY = Group(
    FIGURE.title,
    {
        **FIGURE.options,
        **{
            name: replace(FIGURE.options[name], effect=acts_on(figure=ALL, page=ALL))
            for name in ("palette", "title")
        },
    },
)
