"""Figure widths: a length with its unit, or the column or page of a paper."""

from __future__ import annotations

import re

from attnviz.errors import MisuseError

INCHES = {"in": 1.0, "cm": 1 / 2.54, "mm": 1 / 25.4, "pt": 1 / 72}
NAMED = {"column": 3.25, "page": 6.75}  # inches, of papers in two columns
MAX_INCHES = 200
LENGTH = r"(\d{1,6}(?:\.\d+)?)\s*(in|cm|mm|pt)?"


def parse_width(text: str) -> float:
    """A width in inches: 3.25in, 8.3cm, 83mm, 236pt, column or page; a number is in inches.

    >>> parse_width("column"), round(parse_width("8.3cm"), 2)
    (3.25, 3.27)
    """
    if text.strip() in NAMED:
        return NAMED[text.strip()]
    match = re.fullmatch(LENGTH, text.strip())
    inches = float(match[1]) * INCHES[match[2] or "in"] if match else 0.0
    return check_width(inches, repr(text))


def check_width(inches: float, shown: str) -> float:
    """A width in inches; MisuseError, which shows what was given, out of range."""
    if not 0 < inches <= MAX_INCHES:
        raise MisuseError(
            f"--width {shown} must be a length up to {MAX_INCHES} inches such as 3.25in, 8.3cm "
            f"or 236pt, or one of {', '.join(NAMED)}"
        )
    return inches
