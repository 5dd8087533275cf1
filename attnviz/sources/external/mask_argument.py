"""Attention masks as an argument: flags in a text or a file."""

from __future__ import annotations

from typing import Any

from attnviz.errors import InvalidInputError
from attnviz.sources.external.token_argument import is_file
from attnviz.sources.safe_read import decode_text, read_bytes
from attnviz.sources.strict_json import parse_json

FLAGS = {"0", "1"}
NPY = b"\x93NUMPY"


def parse_attention_mask(text: str) -> Any:
    """The flags of an attention mask: a text such as "1 1 1 0", or a file of it, JSON or npy.

    Raises InvalidInputError for anything else.
    """
    if not is_file(text):
        return parse_flags(text, text)
    data = read_bytes(text)
    if data.startswith(NPY):
        from attnviz.sources.external.array_files import parse_npy

        return parse_npy(data, text)
    content = decode_text(data)
    return parse_json(content) if content.lstrip().startswith("[") else parse_flags(content, text)


def parse_flags(content: str, name: str) -> list[Any]:
    """The flags of lines of 0 and 1; one line is one list."""
    rows = [list(row) for line in content.splitlines() if (row := "".join(line.split()))]
    flags = {flag for row in rows for flag in row}
    if not rows or flags - FLAGS:
        raise InvalidInputError(
            f"--attention-mask {name!r:.60} should be 0 and 1 (1: a token, 0: padding), as in "
            "'1 1 1 0', or a file of them (text, JSON or npy)"
        )
    numbers = [[int(flag) for flag in row] for row in rows]
    return numbers[0] if len(numbers) == 1 else numbers
