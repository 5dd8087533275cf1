"""Token arguments: tokens as a text, a file, or a tokenizer.json that decodes input_ids."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from attnviz.core.tokens import Tokens
from attnviz.errors import CouldNotError, InvalidInputError, MisuseError
from attnviz.sources.external import TokenArgument, name_source_in_errors
from attnviz.sources.external.alignment_words import TokenLines
from attnviz.sources.external.named_tokens import BOTH
from attnviz.sources.external.token_lists import (
    check_count,
    make_tokens,
    split_words,
)
from attnviz.sources.safe_read import decode_text, read_bytes
from attnviz.sources.strict_json import parse_json

FILE_NAME = re.compile(r"\S+\.(?:txt|json|tsv|csv|tok|tokens|npy)", re.IGNORECASE)

if TYPE_CHECKING:
    from attnviz.sources.tokenizing.tokenizer_json import FileTokenizer


def parse_token_arguments(
    tokens: str | None = None,
    query_tokens: str | None = None,
    key_tokens: str | None = None,
    tokenizer: str | None = None,
) -> TokenArgument | None:
    """Parse token options into the `tokens` argument of `attnviz.read`.

    Args:
        tokens: tokens of queries and keys: a text, a file, or the path of a tokenizer.json or of
            a model's folder, whose tokenizer decodes the `input_ids` of the source.
        query_tokens: tokens of the queries only: a text or a file; the keys keep their own.
        key_tokens: tokens of the keys only; the queries keep their own.
        tokenizer: the tokenizer of a text; None splits at whitespace.

    Raises MisuseError for a combination that does not fit, CouldNotError for a file that is not
    there, InvalidInputError for a file without tokens.
    """
    sides = [side for side in (query_tokens, key_tokens) if side is not None]
    if sides and tokens is not None:
        raise MisuseError("give --tokens for both sides, or --query-tokens and --key-tokens")
    if tokenizer is not None and (
        names := [*filter(is_file, (*sides, *([tokens] if tokens else ())))]
    ):
        raise MisuseError(f"--tokenizer has no effect on the tokens in the file {names[0]!r}")
    if tokens is None:
        pair = (query_tokens, key_tokens)
        queries, keys = (None if t is None else read_tokens(t, tokenizer) for t in pair)
        return (queries, keys) if sides else None
    return load_decoder(tokens) or read_tokens(tokens, tokenizer)


def read_tokens(source: str, tokenizer: str | None) -> Tokens:
    """The tokens of a text, or of a file: a JSON list, one per line, or one line of words."""
    if is_file(source):
        with name_source_in_errors(source):
            return parse_token_file(decode_text(read_bytes(source)), source)
    if FILE_NAME.fullmatch(source):
        raise CouldNotError(f"cannot read the tokens {source!r}: there is no such file")
    if tokenizer is None:
        return make_tokens(split_words(source))
    from attnviz.sources.tokenizing.tokenizers import find_tokenizer

    result: Tokens = find_tokenizer(tokenizer).encode(source).tokens
    return result


def parse_token_file(text: str, name: str) -> Tokens:
    """The tokens in the content of a file."""
    if name.endswith(".json"):
        return make_tokens(parse_json_list(text))
    check_count(text.count("\n"), repr(name))
    lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
    return TokenLines.of(lines, name) if len(lines) > 1 else make_tokens(split_words(text))


def parse_json_list(text: str) -> Sequence[str]:
    """The list in a JSON file, alone or in an object."""
    try:
        value = parse_json(text)
    except InvalidInputError:
        value = None
    if isinstance(value, dict):
        value = next((value[name] for name in BOTH if isinstance(value.get(name), list)), None)
    if not isinstance(value, list):
        raise InvalidInputError('it should be a JSON list of tokens, or {"tokens": […]}')
    return value


def load_decoder(path: str) -> Callable[[Sequence[int]], Tokens] | None:
    """The function that decodes token ids, for a tokenizer.json or a folder; else None."""
    is_document = path.endswith(".json") and is_file(path) and b'"model"' in read_bytes(path)
    if not is_document and not is_folder(path):
        return None
    from attnviz.sources.tokenizing.tokenizer_json import load_tokenizer

    library = load_tokenizer(Path(path))
    return lambda ids: decode_sequence(library, ids)


def decode_sequence(library: FileTokenizer, ids: Sequence[int]) -> Tokens:
    """The tokens of the ids of a text; special are those that the tokenizer adds to a text."""
    from attnviz.sources.tokenizing.tokenizer_json import tokens_of_ids

    return tokens_of_ids(library, ids, is_sequence=True)


def is_file(name: str) -> bool:
    """Whether a file of this name exists."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # a text that is no valid file name
        return False


def is_folder(name: str) -> bool:
    """Whether a folder of this name, with a separator in it, exists."""
    try:
        return any(mark in name for mark in "/\\") and Path(name).is_dir()
    except (OSError, ValueError):
        return False
