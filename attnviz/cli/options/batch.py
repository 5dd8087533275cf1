"""Options of batches (many sentences) and of long texts."""

from __future__ import annotations

from attnviz.cli.options.effects import MANY_SENTENCES, Need, acts_if
from attnviz.cli.options.spec import Group, Opt

LINE_FORMATS = ("lines", "pairs", "whole")  # of --input-format: without columns

BATCH = Group(
    "Batch processing",
    {
        "input_format": Opt(
            "--input-format",
            str,
            metavar="NAME",
            help="Input: lines, pairs (sentence TAB context), whole, jsonl, json, csv or tsv.",
            default_text="from the extension",
            effect=acts_if(MANY_SENTENCES),
        ),
        "column": Opt(
            "--column",
            str,
            metavar="NAME",
            help="Column or JSON key with the sentence.",
            default_text="text",
            effect=acts_if(
                MANY_SENTENCES,
                Need(
                    lambda request: request.options["input_format"] not in LINE_FORMATS,
                    "on lines; it acts on the input formats csv, tsv, jsonl and json",
                ),
            ),
        ),
        "jobs": Opt(
            "--jobs, -j",
            int,
            help="Number of worker processes.",
            default=1,
            effect=acts_if(MANY_SENTENCES),
        ),
        "fail_fast": Opt(
            "--fail-fast",
            bool,
            help="Stop at the first invalid line.",
            default=False,
            effect=acts_if(MANY_SENTENCES),
        ),
        "resume": Opt("--resume", bool, help="Resume an interrupted run.", default=False),
    },
)

LONG_TEXTS = Group(
    "Long texts",
    {
        "whole": Opt(
            "--whole",
            bool,
            help="Treat the input as one text.",
            default=False,
            effect=acts_if(
                MANY_SENTENCES,
                Need(
                    lambda request: request.options["input_format"] in (None, "whole"),
                    "with another --input-format",
                ),
            ),
        ),
        "pool": Opt(
            "--pool",
            int,
            help="Pool maps to at most N × N cells (0: off).",
            default_text="512 for texts over 4,096 tokens",
        ),
        "pool_by": Opt(
            "--pool-by",
            str,
            metavar="NAME",
            help="Value of a cell: share (total weight per query), mean or strongest.",
            default_text="share",
            effect=acts_if(Need(lambda request: request.options["pool"] != 0, "with --pool 0")),
        ),
    },
)
