"""The options of commands that read attention from files."""

from __future__ import annotations

from attnviz.cli.options.spec import Group, Opt

FOREIGN = Group(
    "What is in the file",
    {
        "which": Opt(
            ("--which",),
            str | None,
            None,
            "One attention of several (cross), one sequence of a batch (2), or both (cross:2).",
            "NAME",
        ),
        "axes": Opt(
            ("--axes",),
            str | None,
            None,
            "What the axes of a bare array are: a letter each of lbhqk (layer, batch, head…).",
            "LETTERS",
        ),
    },
)

NAMES = Group(
    "Its tokens, where they did not come along",
    {
        "tokens": Opt(
            ("--tokens",),
            str | None,
            None,
            "The tokens: a text, a file (one a line, or a JSON list), or the tokenizer.json that "
            "the input_ids in the file belong to.",
            "TEXT|FILE",
        ),
        "query_tokens": Opt(
            ("--query-tokens",), str | None, None, "Those of the queries alone.", "TEXT|FILE"
        ),
        "key_tokens": Opt(
            ("--key-tokens",), str | None, None, "Those of the keys alone.", "TEXT|FILE"
        ),
        "tokenizer": Opt(
            ("--tokenizer", "-t"),
            str | None,
            None,
            "How such a text falls into tokens. Default: at its spaces.",
            "NAME|FILE",
        ),
    },
)
