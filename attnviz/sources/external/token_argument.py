"""Token arguments: tokens as a text, a file, or a tokenizer.json that decodes input_ids."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.sources.external import TokenArgument
from attnviz.sources.external.alignment_words import TokenLines
from attnviz.sources.external.token_lists import (
    check_count,
    make_tokens,
    relabel_bytes,
    split_words,
)
from attnviz.sources.safe_read import decode_text, read_bytes
from attnviz.sources.strict_json import parse_json

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
        tokens: tokens of queries and keys: a text, a file, or the path of a tokenizer.json that
            decodes the `input_ids` of the source.
        query_tokens: tokens of the queries only: a text or a file; the keys keep their own.
        key_tokens: tokens of the keys only; the queries keep their own.
        tokenizer: the tokenizer of a text; None splits at whitespace.

    Raises MisuseError for a combination that does not fit, InvalidInputError for a file without
    tokens.
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
    if is_file(tokens) and (decode := load_decoder(tokens)):
        return decode
    return read_tokens(tokens, tokenizer)


def read_tokens(source: str, tokenizer: str | None) -> Tokens:
    """The tokens of a text, or of a file: a JSON list, one per line, or one line of words."""
    if is_file(source):
        text = decode_text(read_bytes(source))
        if source.endswith(".json"):
            return make_tokens(parse_json_list(text, source))
        check_count(text.count("\n"), repr(source))
        lines = [line.removesuffix("\r") for line in text.removesuffix("\n").split("\n")]
        return TokenLines.of(lines, source) if len(lines) > 1 else make_tokens(split_words(text))
    if tokenizer is None:
        return make_tokens(split_words(source))
    from attnviz.sources.tokenizing.tokenizers import find_tokenizer

    result: Tokens = find_tokenizer(tokenizer).encode(source).tokens
    return result


def parse_json_list(text: str, name: str) -> Sequence[str]:
    """The list in a JSON file."""
    try:
        value = parse_json(text)
    except InvalidInputError:
        value = None
    if not isinstance(value, list):
        raise InvalidInputError(f"{name!r} should be a JSON list of tokens")
    return value


def load_decoder(path: str) -> Callable[[Sequence[int]], Tokens] | None:
    """The function that decodes token ids, for a tokenizer.json; None for other files."""
    if not (path.endswith(".json") and read_bytes(path).lstrip().startswith(b"{")):
        return None
    from attnviz.sources.tokenizing.tokenizer_json import load_tokenizer

    library = load_tokenizer(Path(path))
    return lambda ids: decode_sequence(library, ids)


def decode_sequence(library: FileTokenizer, ids: Sequence[int]) -> Tokens:
    """The tokens of the ids of a text; special are those that the tokenizer adds to a text."""
    from attnviz.sources.tokenizing.special_names import stands_for_text
    from attnviz.sources.tokenizing.tokenizer_json import tokens_of_ids

    names = library.special_tokens
    return relabel_bytes(
        tuple(
            replace(token, special=token.piece in names and not stands_for_text(token.piece))
            for token in tokens_of_ids(library, ids)
        )
    )


def is_file(name: str) -> bool:
    """Whether a file of this name exists."""
    try:
        return Path(name).is_file()
    except (OSError, ValueError):  # a text that is no valid file name
        return False
