"""Strict JSON: NaN, duplicate keys, excessive nesting and excessive size are errors."""

from __future__ import annotations

import json
import re
from collections import Counter
from typing import Any, NoReturn

from attnviz.errors import InvalidInputError
from attnviz.sources.safe_read import check_budget, text_bytes

SPACE = re.compile(r"[ \t\r\n]*")
SMALL = 1 << 22  # characters of a text whose values fit in memory, whatever they are
# Bytes in memory per character: a comma separates floats in lists, which become arrays, a colon
# separates entries of objects.
BYTES_PER_MARK = {",": 64, ":": 100, '"': 24, "[": 64, "{": 240}


def no_duplicate_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """The pairs of a JSON object as a dict."""
    result = dict(pairs)
    if len(result) < len(pairs):
        (duplicate, _), *_ = Counter(key for key, _ in pairs).most_common(1)
        raise InvalidInputError(f"duplicate key {duplicate!r:.80} in a JSON object")
    return result


def refuse_constant(constant: str) -> NoReturn:
    """Refuse NaN, Infinity and -Infinity, which Python's json accepts."""
    raise InvalidInputError(f"not JSON: {constant} is not a JSON number")


DECODER = json.JSONDecoder(object_pairs_hook=no_duplicate_keys, parse_constant=refuse_constant)
LENIENT = json.JSONDecoder(object_pairs_hook=no_duplicate_keys)  # NaN and Infinity are numbers


def check_size(text: str) -> None:
    """Refuse JSON whose values would not fit in memory, without parsing it."""
    if len(text) > SMALL:
        values = sum(n * text.count(mark) for mark, n in BYTES_PER_MARK.items())
        check_budget(values + text_bytes(text), "this JSON")


def parse_at(text: str, start: int = 0, decoder: json.JSONDecoder = DECODER) -> tuple[Any, int]:
    """The JSON value that begins at a position, and the position of its end.

    Raises InvalidInputError, with line and column, for anything else.
    """
    try:
        return decoder.raw_decode(text, SPACE.match(text, start).end())  # type: ignore[union-attr]
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidInputError(f"not JSON: {error.msg} ({where})") from None
    except RecursionError:
        raise InvalidInputError("JSON nested too deeply") from None
    except ValueError as error:  # an integer of thousands of digits
        raise InvalidInputError(f"JSON that cannot be read: {error}") from None


def parse_values(text: str, decoder: json.JSONDecoder = DECODER) -> list[Any]:
    """All values of a text, one after the other, as in JSON Lines."""
    check_size(text)
    if SPACE.fullmatch(text):
        raise InvalidInputError("it is empty, not JSON")
    result, position = [], 0
    while True:
        value, position = parse_at(text, position, decoder)
        result.append(value)
        if SPACE.fullmatch(text, position):
            return result


def parse_json(text: str, decoder: json.JSONDecoder = DECODER) -> Any:
    """The single JSON value of a text."""
    first, *others = parse_values(text, decoder)
    if others:
        raise InvalidInputError("not JSON: text after the first value")
    return first
