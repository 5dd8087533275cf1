"""Text flow: words in lines of limited length."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import NamedTuple


class TextPosition(NamedTuple):
    """The left end of a word in inches, and its line."""

    left: float
    line: int


def flow_positions(
    widths: Iterable[float], length: float, between: float, breaks: Collection[int] = ()
) -> list[TextPosition]:
    """The positions of words of these widths in lines of this length.

    The words at the indices `breaks` begin a new line.
    """
    positions: list[TextPosition] = []
    left, line = 0.0, 0
    for index, width in enumerate(widths):
        if left and (left + width > length or index in breaks):
            left, line = 0.0, line + 1
        positions.append(TextPosition(left, line))
        left += width + between
    return positions
