"""Sparklines: numbers as a line of small bars."""

from __future__ import annotations

from collections.abc import Iterable
from math import isnan

BARS, ASCII_BARS = "▁▂▃▄▅▆▇█", "_.-:=+*#"
NO_VALUE = "·"


def sparkline(
    values: Iterable[float | None], low: float, high: float, *, ascii: bool = False
) -> str:
    """One character per number: the lowest bar for `low` or less, the highest for `high`.

    >>> sparkline([0.0, 0.5, 1.0, None], 0.0, 1.0)
    '▁▅█·'
    """
    bars = ASCII_BARS if ascii else BARS
    span = high - low

    def bar(value: float | None) -> str:
        if value is None or isnan(value):
            return "." if ascii else NO_VALUE
        part = (value - low) / span if span > 0 else 0.0
        return bars[min(len(bars) - 1, max(0, int(part * len(bars))))]

    return "".join(map(bar, values))
