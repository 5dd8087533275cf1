"""Options of commands that read attention from files."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from attnviz.cli.options.effects import acts_if, flag, is_typed, is_with
from attnviz.cli.options.spec import Group, Opt
from attnviz.errors import MisuseError

FILE_CONTENTS = Group(
    "File contents",
    {
        "which": Opt(
            "--which",
            str,
            metavar="NAME",
            help="Attention (cross), batch item or document (2), or both (cross:2).",
        ),
        "axes": Opt(
            "--axes",
            str,
            metavar="LETTERS",
            help="Axis order of a plain array: l(ayer) b(atch) h(ead) q(uery) k(ey), e.g. lhqk.",
        ),
        "attention_mask": Opt(
            "--attention-mask",
            str,
            metavar="FLAGS|FILE",
            help="Attention mask, if the file has none: 1 for a token, 0 for padding, as in "
            "'1 1 1 0', or a file (text, JSON, npy).",
        ),
        "trim_padding": Opt(
            "--trim-padding", bool, default=False, help="Leave out padding at both ends."
        ),
        "document_end": Opt(
            "--document-end",
            str,
            metavar="TOKEN",
            help="Token that ends each of several texts in a sequence; they become segments.",
        ),
        "softmax": Opt(
            "--softmax",
            bool,
            default=False,
            help="The file holds scores; weights are their softmax.",
        ),
        "layout": Opt(
            "--layout",
            str,
            metavar="NAME",
            help="Keys: band (offsets from the query, as of Longformer) or full (tokens).",
            default_text="by names, shape and zeros",
            value_names=lambda: ("band", "full"),
        ),
        "key_times": Opt(
            "--key-times",
            float,
            metavar="SECONDS",
            help="Keys are frames, this many seconds apart: 0.02 for Whisper.",
        ),
    },
)

FILE_MASK = Group(
    "File contents",
    {
        "mask": Opt(
            "--mask",
            str,
            metavar="MASK",
            help="Mask of the attention, e.g. 'causal & window(4)'; see `attnviz mask`.",
        )
    },
)

FILE_TOKENS = Group(
    "Tokens (if the file has none)",
    {
        "tokens": Opt(
            "--tokens",
            str,
            metavar="TEXT|FILE",
            help="Text, file (one token per line, or a JSON list), or a tokenizer.json or model "
            "folder to decode the input_ids of the file.",
        ),
        "query_tokens": Opt(
            "--query-tokens",
            str,
            metavar="TEXT|FILE",
            help="Tokens of the queries only; for alignments, also the target side of a corpus.",
        ),
        "key_tokens": Opt(
            "--key-tokens",
            str,
            metavar="TEXT|FILE",
            help="Tokens of the keys only; for alignments, also the source side of a corpus.",
        ),
        "tokenizer": Opt(
            "--tokenizer, -t",
            str,
            metavar="NAME|FILE",
            help="Tokenizer for a text given as --tokens.",
            default_text="whitespace",
            effect=acts_if(is_with("tokens", "query_tokens", "key_tokens")),
        ),
    },
)

# The tokens of files in commands whose --tokenizer is that of sentences.
TOKENS_OF_FILES = Group(
    FILE_TOKENS.title,
    {name: row for name, row in FILE_TOKENS.options.items() if name != "tokenizer"},
)


def refuse_other_input(
    ctx: Any,
    of_sentences: Iterable[str],
    *,
    is_of_files: bool,
    of_files: Iterable[str] = (*FILE_CONTENTS, *TOKENS_OF_FILES),
) -> None:
    """Raise MisuseError for typed options of sentences with files, and of files with sentences.

    `of_sentences` are the names of the former, `of_files` those of the latter; --tokenizer acts
    on both.
    """
    names = of_sentences if is_of_files else of_files
    kind = "attention from files" if is_of_files else "sentences; it acts on files"
    for name in names:
        if name != "tokenizer" and is_typed(ctx, name):
            raise MisuseError(f"{flag(name)} has no effect on {kind}")
