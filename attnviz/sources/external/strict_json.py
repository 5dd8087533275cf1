"""JSON from outside: no NaN, no key twice, no depth without end."""

from __future__ import annotations

import json
import re
from typing import Any, NoReturn

from attnviz.errors import InvalidInputError

SPACE = re.compile(r"[ \t\r\n]*")


def once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """An object each key of which stands there once."""
    made = dict(pairs)
    if len(made) < len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in made if names.count(name) > 1)
        raise InvalidInputError(f"the key {twice!r} stands twice in one JSON object")
    return made


def no_number(word: str) -> NoReturn:
    """NaN and Infinity are not JSON."""
    raise InvalidInputError(f"{word} is not a number JSON knows")


DECODER = json.JSONDecoder(object_pairs_hook=once, parse_constant=no_number)


def value_at(text: str, start: int = 0) -> tuple[Any, int]:
    """The value that begins at a place, and where it ends.

    Raises InvalidInputError, with the place, for what is not JSON.
    """
    try:
        return DECODER.raw_decode(text, SPACE.match(text, start).end())  # type: ignore[union-attr]
    except json.JSONDecodeError as error:
        where = f"line {error.lineno}, column {error.colno}"
        raise InvalidInputError(f"not JSON: {error.msg} ({where})") from None
    except RecursionError:
        raise InvalidInputError("not attention: the JSON is nested too deep") from None
    except ValueError as error:  # a number of thousands of digits
        raise InvalidInputError(f"not JSON that can be read: {error}") from None


def values(text: str) -> list[Any]:
    """All values of a text, one after the other, as in JSON Lines."""
    found, place = [], 0
    while True:
        value, place = value_at(text, place)
        found.append(value)
        if SPACE.fullmatch(text, place):
            return found


def value(text: str) -> Any:
    """The one value of a text."""
    found, *more = values(text)
    if more:
        raise InvalidInputError("not JSON: something follows the first value")
    return found
