"""Options that commands share, in groups: one row per option, the same name everywhere."""

from __future__ import annotations

from attnviz.cli.options.colors import COLORS
from attnviz.cli.options.completion import format_names, view_names
from attnviz.cli.options.effects import (
    TABLE_REQUESTED,
    Need,
    ViewEffect,
    acts_as,
    acts_if,
    acts_on,
)
from attnviz.cli.options.pictures import PICTURES
from attnviz.cli.options.spec import Group, Opt
from attnviz.render.views import VIEW_NAMES, VIEWS
from attnviz.style_options import ALL

CONTEXT = Group(
    "Input and output",
    {
        "context": Opt(
            "--context, -c",
            str,
            metavar="TEXT",
            help="Second sentence, used as keys and values (cross-attention).",
            effect=acts_if(
                Need(
                    lambda request: request.options.get("model") is None,
                    "with --model; use --pair or --target",
                )
            ),
        ),
    },
)

IN_OUT = Group(
    "Input and output",
    {
        "output": Opt(
            "--output, -o",
            list[str],
            metavar="FILE",
            help="Output file; format from the extension. Repeatable; - for standard output.",
            default=[],
        ),
        "format": Opt(
            "--format, -f",
            str,
            metavar="NAME",
            help="Output format: table, png, svg, pdf, html, md, tex, json, jsonl, csv, npz…",
            value_names=format_names,
        ),
        "json": Opt("--json", bool, help="Same as --format json.", default=False),
        "input": Opt(
            "--input, -i",
            str,
            metavar="FILE",
            help="Read sentences from a file, one per line (.tsv: sentence TAB context).",
        ),
    },
)

SELECTION = Group(
    "Layers and heads",
    {
        "layer": Opt(
            "--layer",
            str,
            metavar="LIST",
            help="Layers to show: 0,2-5, -1 for the last; mean, max or min of all.",
        ),
        "head": Opt(
            "--head",
            str,
            metavar="LIST",
            help="Heads to show: 0,2-5, -1 for the last, 2.9 (LAYER.HEAD); mean, max or min.",
        ),
        "segments": Opt(
            "--segments",
            str,
            metavar="QUERY,KEY",
            help="Segments of a sentence pair to show as queries and as keys, e.g. A,B.",
        ),
    },
)

REDUCTION = Group(
    SELECTION.title,
    {
        "reduce": Opt(
            "--reduce",
            list[str],
            metavar="AXIS:HOW",
            help="Combine layers:rollout|flow|last|mean|max|min, heads:mean|max|min, "
            "tokens:words, special:drop, in this order of typing. Repeatable.",
            default=[],
        ),
        "drop_special": Opt(
            "--drop-special",
            bool,
            help="Leave out special tokens; rows are renormalized (--reduce special:drop).",
            default=False,
        ),
        "queries": Opt(
            "--queries",
            str,
            metavar="LIST",
            help="Queries to show: positions, ranges, words: 0-3,cat,-1.",
        ),
        "keys": Opt(
            "--keys",
            str,
            metavar="LIST",
            help="Keys to show, likewise; rows are not renormalized.",
        ),
    },
)

CONTRIBUTION = Group(
    SELECTION.title,
    {
        "contribution": Opt(
            "--contribution",
            str,
            metavar="NAME",
            help="Norms in place of weights: value (α‖v‖), norm (‖αvW_O‖), residual or layer-norm "
            "(of all heads, with residual connection and layer norm).",
            value_names=lambda: ("value", "norm", "residual", "layer-norm"),
        ),
    },
)

DISPLAY = Group(
    "Display",
    {
        "view": Opt(
            "--view",
            str,
            metavar="NAME",
            help=f"View: {', '.join(VIEW_NAMES)}.",
            default="auto",
            value_names=view_names,
            effect=ViewEffect(
                {
                    kind: " ".join(view.name for view in VIEWS if getattr(view, kind))
                    for kind in ("terminal", "figure", "page")
                }
            ),
        ),
        "query": Opt(
            "--query",
            str,
            metavar="TOKEN",
            help="Query token (or its index) for the text view, which it implies.",
            effect=acts_as("query"),
        ),
        **COLORS,
        "precision": Opt(
            "--precision",
            int,
            help="Decimal places.",
            effect=acts_as("precision"),
        ),
        "graphics": Opt(
            "--graphics",
            str,
            metavar="KIND",
            help="Terminal graphics: off, auto, half (half blocks), kitty or sixel.",
            default="off",
            effect=acts_on(TABLE_REQUESTED, terminal="matrix", figure=ALL, is_of_terminal=True),
        ),
        "title": Opt(
            "--title",
            str,
            metavar="TEXT",
            help="Title.",
            effect=acts_as("title"),
        ),
        "no_metadata": Opt(
            "--no-metadata",
            bool,
            help="Files without command, paths, sentence and versions, for double-blind papers.",
            default=False,
            effect=acts_as("show_metadata"),
        ),
        "annotate": Opt(
            "--annotate/--no-annotate",
            bool,
            help="Print weights in the cells.",
            effect=acts_as("annotate"),
        ),
        **PICTURES,
        "size": Opt(
            "--size",
            str,
            metavar="W×H",
            help="Image size in inches, e.g. 8x6.",
            effect=acts_as("size"),
        ),
        "dpi": Opt(
            "--dpi",
            int,
            help="Image resolution in dots per inch.",
            default=150,
            effect=acts_as("dpi"),
        ),
    },
)

GENERAL = Group(
    "General options",
    {
        "color": Opt(
            "--color",
            str,
            metavar="WHEN",
            help="Color output: auto, always or never.",
            default="auto",
            effect=acts_on(terminal=ALL, is_of_terminal=True),
        ),
    },
)

WITH_QK = Opt(
    "--with-qk",
    bool,
    help="Also store query and key vectors (html, json, npz, safetensors).",
    default=False,
    effect=acts_on(page=ALL, json_document=ALL, array_files=ALL),
)
