"""Conversion of typed words to text and numbers without pydantic.

typer 0.29 converts every value by pydantic, whose import takes a quarter of the time of a start.
Plain text and plain numbers are converted here; all else, and every error, is typer's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

# Spellings that have one meaning: others, such as 1_000 or 007, are left to typer.
INTEGER = r"-?(0|[1-9][0-9]{0,14})"
DECIMAL = r"-?(0|[1-9][0-9]{0,14})(\.[0-9]{1,15})?"


def is_text(value: Any) -> bool:
    """Whether a value is text of valid characters: a word of other bytes holds surrogates."""
    return isinstance(value, str) and (value.isascii() or value.isprintable())


def is_texts(values: Any) -> bool:
    """Whether a value is a list or tuple of texts."""
    return isinstance(values, list | tuple) and bool(values) and all(map(is_text, values))


class Conversion(NamedTuple):
    """Which values are converted here, and how."""

    accepts: Callable[[Any], Any]
    convert: Callable[[Any], Any]


CONVERSIONS: Mapping[Any, Conversion] = {
    str: Conversion(is_text, str),
    list[str]: Conversion(is_texts, list),
    int: Conversion(lambda value: isinstance(value, str) and re.fullmatch(INTEGER, value), int),
    float: Conversion(
        lambda value: isinstance(value, str) and re.fullmatch(DECIMAL, value), float
    ),
}


class QuickConversion:
    """The conversion of one parameter, in place of typer's, which it falls back to."""

    def __init__(self, annotation: Any, by_typer: Callable[[], Any]) -> None:
        self.own, self.by_typer = CONVERSIONS.get(annotation), by_typer

    def coerce(self, value: Any, param: Any, ctx: Any) -> Any:
        """The converted value. Raises typer.BadParameter for one that does not fit."""
        if self.own is not None and self.own.accepts(value):
            return self.own.convert(value)
        return self.by_typer().coerce(value, param=param, ctx=ctx)


def quick_conversion(param: Any, by_typer: Callable[[], Any]) -> Any:
    """The conversion of a parameter of typer: quick, or typer's where the parameter has limits."""
    info = param.type_descriptor.parameter_info
    has_rules = any(
        getattr(info, name, None) is not None for name in ("min", "max", "parser", "click_type")
    )
    if has_rules:
        return by_typer()
    return QuickConversion(param.type_descriptor.annotation, by_typer)
