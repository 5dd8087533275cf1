"""The smallest size of a figure that has room for its contents, for messages."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from attnviz.errors import MisuseError
from attnviz.render.figure.page_size import Page
from attnviz.render.style import Style

LARGEST = 30.0  # inches, of the sizes that a message names


def smallest_size(plan: Callable[[Style], object], style: Style) -> str:
    """The nearest size that is large enough, as an option; empty if none is found.

    `plan` raises MisuseError for a style whose size is too small.
    """
    page = Page.of(style)

    def fits(width: float, height: float) -> bool:
        size = None if not page.fixed_height else (width, height)
        try:
            plan(replace(style, size=size, width=width if size is None else None))
        except MisuseError:
            return False
        return True

    width, height = page.width, page.height
    if not page.fixed_height:
        least = bisect(lambda side: fits(side, height), width)
        return f"--width {least:g}in" if least else ""
    if least := bisect(lambda side: fits(width, side), height):
        return f"--size {width:g}x{least:g}"
    if least := bisect(lambda side: fits(side, height), width):
        return f"--size {least:g}x{height:g}"
    if least := bisect(lambda side: fits(side, side * height / width), width):
        return f"--size {least:g}x{round(least * height / width + 0.05, 1):g}"
    return ""


def bisect(fits: Callable[[float], bool], low: float) -> float | None:
    """The smallest side above `low` that fits, rounded up to a tenth of an inch."""
    first, last = int(low * 10), int(LARGEST * 10)
    if low >= LARGEST or not fits(last / 10):
        return None
    while last - first > 1:
        middle = (first + last) // 2
        first, last = (first, middle) if fits(middle / 10) else (middle, last)
    return last / 10
