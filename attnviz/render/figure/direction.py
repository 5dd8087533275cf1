"""Direction of writing: words from right to left inside a line from left to right."""

from __future__ import annotations

import re
from unicodedata import bidirectional

LEFT_TO_RIGHT_MARK = "\u200e"  # invisible
WORD = re.compile(r"\S+")


def end_runs(text: str) -> str:
    r"""The text with a mark after each word that is written from right to left.

    Without it, the arrow and the number after two such words become part of their run, and the
    query stands where a reader expects the key.

    >>> end_runs("fox → dog 0.5")
    'fox → dog 0.5'
    >>> ascii(end_runs("\u05d0 → \u05d1 0.5"))
    "'\\u05d0\\u200e \\u2192 \\u05d1\\u200e 0.5'"
    """

    def end(match: re.Match[str]) -> str:
        word = match[0]
        is_right_to_left = any(bidirectional(char) in ("R", "AL") for char in word)
        return word + LEFT_TO_RIGHT_MARK if is_right_to_left else word

    return WORD.sub(end, text)
