"""Options of batches (many sentences) and of long texts."""

from __future__ import annotations

from attnviz.cli.options.spec import Group, Opt

BATCH = Group(
    "Batch processing",
    {
        "input_format": Opt(
            "--input-format",
            str,
            metavar="NAME",
            help="Input: lines, pairs (sentence TAB context), whole, jsonl, csv or tsv.",
            default_text="from the extension",
        ),
        "column": Opt(
            "--column",
            str,
            metavar="NAME",
            help="Column or JSON key with the sentence.",
            default_text="text",
        ),
        "jobs": Opt("--jobs, -j", int, help="Number of worker processes.", default=1),
        "fail_fast": Opt(
            "--fail-fast", bool, help="Stop at the first invalid line.", default=False
        ),
        "resume": Opt("--resume", bool, help="Resume an interrupted run.", default=False),
    },
)

LONG_TEXTS = Group(
    "Long texts",
    {
        "whole": Opt("--whole", bool, help="Treat the input as one text.", default=False),
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
            default="share",
        ),
    },
)
