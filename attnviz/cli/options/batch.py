"""The options of many sentences at once, and of long ones."""

from __future__ import annotations

from attnviz.cli.options.spec import Group, Opt

BATCH = Group(
    "Many sentences",
    {
        "input_format": Opt(
            ("--input-format",),
            str | None,
            None,
            "lines, pairs (TAB context), whole, jsonl, csv, tsv. Default: what the ending says.",
            "NAME",
        ),
        "column": Opt(
            ("--column",),
            str | None,
            None,
            "The column (or JSON key) that holds the sentence. Default: text.",
            "NAME",
        ),
        "jobs": Opt(("--jobs", "-j"), int, 1, "How many processes look at once.", "N"),
        "fail_fast": Opt(("--fail-fast",), bool, False, "Stop at the first line that is wrong."),
        "resume": Opt(("--resume",), bool, False, "Go on where the files of an earlier run end."),
    },
)

LONG = Group(
    "Long texts",
    {
        "whole": Opt(("--whole",), bool, False, "The input is one text, not one sentence a line."),
        "pool": Opt(
            ("--pool",),
            int | None,
            None,
            "Pool to at most N × N cells; 0: never. Default: 512 from 4,097 tokens.",
            "N",
        ),
        "pool_by": Opt(
            ("--pool-by",),
            str,
            "share",
            "What a cell shows: the share that goes there, the mean, or the strongest.",
            "NAME",
        ),
    },
)
