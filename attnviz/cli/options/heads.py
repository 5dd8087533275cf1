"""Options of the command `heads`."""

from __future__ import annotations

from dataclasses import replace

from attnviz.cli.options.batch import BATCH
from attnviz.cli.options.completion import measure_names, order_names
from attnviz.cli.options.effects import acts_if, acts_on, is_with
from attnviz.cli.options.shared import DISPLAY, IN_OUT
from attnviz.cli.options.spec import Group, Opt
from attnviz.style_options import ALL

HEADS = Group(
    "Measures",
    {
        "measure": Opt(
            "--measure",
            str,
            metavar="LIST",
            help="Measures to show, e.g. entropy,sink,induction.",
            default_text="a summary; in data formats all",
            value_names=measure_names,
        ),
        "sort": Opt(
            "--sort",
            str,
            metavar="NAME",
            help="Sort by layer, pattern, link (its weight), or a measure: entropy, induction…",
            default="layer",
            value_names=order_names,
            effect=acts_on(terminal=ALL, csv_table=ALL, json_document=ALL, parquet=ALL),
        ),
        "top": Opt(
            "--top",
            int,
            help="The first N heads of the order only.",
            effect=acts_on(terminal=ALL, csv_table=ALL, json_document=ALL, parquet=ALL),
        ),
        "clusters": Opt(
            "--clusters",
            float,
            metavar="BITS",
            help="Number clusters of heads that differ by at most BITS (0 to 1, e.g. 0.2).",
            effect=acts_on(terminal=ALL, csv_table=ALL, json_document=ALL, parquet=ALL),
        ),
    },
)

REPORT_FORMATS = (
    *("table", "csv", "tsv", "json", "jsonl", "parquet"),
    *("png", "svg", "pdf", "eps", "jpg", "webp"),
)


def report_output(formats: tuple[str, ...]) -> Group:
    """The options of input and output of a report that is written in these formats."""
    format = replace(
        IN_OUT.options["format"],
        help=f"Output format: {', '.join(formats[:-1])} or {formats[-1]}.",
        value_names=lambda: formats,
    )
    return Group(IN_OUT.title, {**IN_OUT.options, "format": format})


REPORT_OUT = report_output(REPORT_FORMATS)

CORPUS = Group(
    BATCH.title,
    {
        "input_format": BATCH.options["input_format"],
        "column": BATCH.options["column"],
        "jobs": replace(BATCH.options["jobs"], effect=acts_if(is_with("input"))),
        "fail_fast": replace(BATCH.options["fail_fast"], effect=acts_if(is_with("input"))),
    },
)

PICTURE = (
    *("palette", "title", "annotate", "precision", "size", "width", "dpi", "zoom"),
    *("font", "font_size", "dark", "transparent", "no_title", "no_metadata"),
)
FIGURE = Group(
    DISPLAY.title,
    {
        **{name: replace(DISPLAY.options[name], effect=acts_on(figure=ALL)) for name in PICTURE},
        "math": DISPLAY.options["math"],
        "columns": replace(
            DISPLAY.options["columns"], help="Measures side by side.", effect=acts_on(figure=ALL)
        ),
        "highlight": replace(
            DISPLAY.options["highlight"],
            metavar="LAYER.HEAD",
            help="Frame a head. Repeatable.",
            effect=acts_on(figure=ALL),
        ),
    },
)
