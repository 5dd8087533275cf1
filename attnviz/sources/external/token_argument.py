"""Tokens for attention that came without them: as a text, a file, or numbers of a vocabulary."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from pathlib import Path

from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.sources.external import Naming
from attnviz.sources.external.safe_read import taken, text_of
from attnviz.sources.external.token_lists import tokens_of


def naming(
    tokens: str | None = None,
    query_tokens: str | None = None,
    key_tokens: str | None = None,
    tokenizer: str | None = None,
) -> Naming | None:
    """The tokens of both sides, as `attnviz.read` takes them.

    Args:
        tokens: for queries and keys: a text, a file, or the path of a tokenizer.json that makes
            tokens of the `input_ids` beside the attention.
        query_tokens: for the queries alone: a text or a file.
        key_tokens: for the keys alone.
        tokenizer: how a text falls into tokens; None: at its spaces.

    Raises MisuseError for sides that do not go together, InvalidInputError for a file that
    holds no tokens.
    """
    sides = [side for side in (query_tokens, key_tokens) if side is not None]
    if len(sides) == 1 or (sides and tokens is not None):
        raise MisuseError("give --tokens for both sides, or --query-tokens and --key-tokens")
    if tokens is None:
        return (words(sides[0], tokenizer), words(sides[1], tokenizer)) if sides else None
    if is_file(tokens) and (vocabulary := vocabulary_of(tokens)):
        return vocabulary
    return words(tokens, tokenizer)


def words(given: str, tokenizer: str | None) -> Tokens:
    """The tokens of a text, or those in a file: a JSON list, one a line, or one line of words."""
    if is_file(given):
        text = text_of(taken(given))
        if given.endswith(".json"):
            return tokens_of(listed(text, given))
        lines = text.removesuffix("\n").split("\n")
        return tokens_of(lines if len(lines) > 1 else text.split())
    if tokenizer is None:
        return tokens_of(given.split())
    from attnviz.sources.tokenizing.tokenizers import tokenizer as found

    made: Tokens = found(tokenizer).encode(given).tokens
    return made


def listed(text: str, name: str) -> Sequence[str]:
    """The list that a JSON file holds."""
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, list):
        raise InvalidInputError(f"{name!r} should be a JSON list of tokens")
    return found


def vocabulary_of(path: str) -> Callable[[Sequence[int]], Tokens] | None:
    """What makes tokens of numbers, if the file is a tokenizer.json; None for other files."""
    if not (path.endswith(".json") and taken(path).lstrip().startswith(b"{")):
        return None
    from attnviz.sources.tokenizing.tokenizer_json import load, spelled

    library = load(Path(path))
    return lambda ids: spelled(library, ids)


def is_file(given: str) -> bool:
    """Whether there is a file of this name."""
    try:
        return Path(given).is_file()
    except (OSError, ValueError):  # too long for a name, or no name at all
        return False
