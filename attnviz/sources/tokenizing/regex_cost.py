"""Regular expressions whose matching may take exponential or high polynomial time."""

from __future__ import annotations

import re
from dataclasses import dataclass

MAX_REPEATS = 2  # unbounded repetitions in sequence; those of well-known tokenizers have two
LONG_REPEAT = 16  # a repetition up to here counts as a bounded one

CHARACTER_CLASS = re.compile(r"\[\^?(?:\[:\^?\w+:\]|\\.|[^\[\]\\])+\]", re.DOTALL)
GROUP_OPENING = re.compile(r"\((?:\?(?:<?[=!]|[:>]|<\w+>|[a-zA-Z-]+:?))?")
QUANTIFIER = re.compile(r"(?:[*+?]|\{(\d*)(,?)(\d*)\})[?+]?")
# References to groups, absent groups, conditions; comments, which may hide brackets.
UNUSUAL = re.compile(r"\\[1-9gk]|\(\?[~(#]|\(\?[a-zA-Z-]*x")


@dataclass
class Group:
    """A group while it is read: repetitions of its longest alternative so far."""

    current: int = 0
    longest: int = 0
    is_ambiguous: bool = False  # repeated, it may match a text in several ways

    def end_alternative(self) -> None:
        """Begin the next alternative."""
        self.longest, self.current = max(self.longest, self.current), 0


def is_costly(pattern: str) -> bool:
    """Whether backtracking may take more than time cubic in the length of the text.

    That is where a repeated group contains a quantifier or alternatives, where more than
    MAX_REPEATS unbounded repetitions follow each other, or where the pattern uses syntax that is
    not read here.

    >>> is_costly(r"(a+)+b"), is_costly(r" ?[^\\s\\p{L}\\p{N}]+|\\s*[\\r\\n]+")
    (True, False)
    """
    if UNUSUAL.search(pattern):
        return True
    groups, closed, position = [Group()], Group(), 0
    while position < len(pattern):
        character, start = pattern[position], position
        if character == "\\":
            position += 2
        elif character == "[":
            character_class = CHARACTER_CLASS.match(pattern, position)
            if character_class is None:  # a class within a class, or not closed
                return True
            position = character_class.end()
        elif character == "(":
            groups.append(Group())
            position = GROUP_OPENING.match(pattern, position).end()  # type: ignore[union-attr]
        elif character == "|":
            groups[-1].end_alternative()
            groups[-1].is_ambiguous = True  # alternatives may overlap
            position += 1
        elif character == ")" and len(groups) > 1:
            closed = groups.pop()
            closed.end_alternative()
            groups[-1].current += closed.longest
            groups[-1].is_ambiguous |= closed.is_ambiguous
            position += 1
        elif quantifier := QUANTIFIER.match(pattern, position):
            largest = largest_count(quantifier)
            if largest > 1 and pattern[start - 1 : start] == ")" and closed.is_ambiguous:
                return True
            groups[-1].current += largest > LONG_REPEAT
            groups[-1].is_ambiguous |= quantifier[1] is None or quantifier[2] != ""
            position = quantifier.end()
        else:
            position += 1
    for group in groups:
        group.end_alternative()
    return sum(group.longest for group in groups) > MAX_REPEATS


def largest_count(quantifier: re.Match[str]) -> float:
    """The largest number of repetitions that a quantifier allows."""
    if quantifier[0][0] in "*+":
        return float("inf")
    if quantifier[0][0] == "?":
        return 1
    least, comma, most = quantifier.groups()
    if comma and not most:
        return float("inf")
    return int((most or least or "1")[:9])
