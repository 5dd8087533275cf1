"""Text flow: words in lines of limited length."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class TextPosition(NamedTuple):
    """The left end of a word in inches, and its line."""

    left: float
    line: int


def flow_positions(widths: Iterable[float], length: float, between: float) -> list[TextPosition]:
    """The positions of words of these widths in lines of this length."""
    positions: list[TextPosition] = []
    left, line = 0.0, 0
    for width in widths:
        if left and left + width > length:
            left, line = 0.0, line + 1
        positions.append(TextPosition(left, line))
        left += width + between
    return positions
