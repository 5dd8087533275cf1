"""Running text: one piece after another, in a new line where there is no room."""

from __future__ import annotations

from collections.abc import Iterable
from typing import NamedTuple


class Spot(NamedTuple):
    """Where a piece begins, in inches, and in which line it stands."""

    left: float
    line: int


def flow(widths: Iterable[float], room: float, between: float) -> list[Spot]:
    """Where pieces of these widths stand in lines of this length."""
    spots: list[Spot] = []
    left, line = 0.0, 0
    for width in widths:
        if left and left + width > room:
            left, line = 0.0, line + 1
        spots.append(Spot(left, line))
        left += width + between
    return spots
