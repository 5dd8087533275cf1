"""tokenizer_config.json: settings that contradict tokenizer.json, which is what runs.

Libraries differ in which of the two files they follow: transformers 4 changes the tokenizer of
some classes by these settings, others read tokenizer.json alone.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attnviz.core.tokens import Tokens
from attnviz.sources.checkpoint.config import format_value
from attnviz.sources.checkpoint.files import TOKENIZER_CONFIG as FILE
from attnviz.sources.checkpoint.source import CheckpointSource


def read_settings(files: CheckpointSource) -> Mapping[str, object]:
    """The settings that tokens may contradict.

    Without a tokenizer.json there are none: the tokenizer is built by them.

    Raises InvalidInputError for a file that is no JSON object.
    """
    return (files.has_tokenizer_json and files.read_document(FILE)) or {}


def find_contradictions(settings: Mapping[str, Any], text: str, tokens: Tokens) -> Iterator[str]:
    """A sentence for each setting that the tokens of a text contradict."""
    for key, token, at in (("add_bos_token", "bos_token", 0), ("add_eos_token", "eos_token", -1)):
        piece, is_set = token_text(settings.get(token)), settings.get(key)
        if not isinstance(is_set, bool) or piece is None:
            continue
        is_there = bool(tokens) and tokens[at].special and tokens[at].piece == piece
        if is_there != is_set:
            what = "adds" if is_there else "does not add"
            yield f"{FILE}: {key} = {format_value(is_set)}, but tokenizer.json {what} {piece!r}"
    if settings.get("do_lower_case") is True and keeps_upper_case(text, tokens):
        yield f"{FILE}: do_lower_case = true, but tokenizer.json keeps upper case"


def keeps_upper_case(text: str, tokens: Tokens) -> bool:
    """Whether a token of the text has an upper-case letter of it; [UNK] has none."""
    return any(
        token.piece != token.piece.lower() and token.piece.endswith(text[token.start : token.end])
        for token in tokens
        if not token.special and token.segment == 0 and token.start < token.end
    )


def token_text(value: Any) -> str | None:
    """The text of a special token, which the file gives as a string or an object."""
    if isinstance(value, Mapping):
        value = value.get("content")
    return value if isinstance(value, str) else None
