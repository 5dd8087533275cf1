"""What people see of a token: its own characters, or which part of them it is.

The raw piece (`Ġcat`, `ðŁĲ±`) cannot be read, and the characters a piece covers are shared
where a character is cut into several. So:

1. a special token, or one that covers nothing, shows its piece;
2. one that only stands for white space shows that: ␣, and ⏎ for a new line;
3. any other shows the characters it covers, without white space around them;
4. where tokens share characters, each adds which of them it is: é⟨1/2⟩ é⟨2/2⟩.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

JOINER = "▁"  # what sentence pieces write for a space


class Span(NamedTuple):
    """What a tokenizer says of one token: a piece, and the characters it covers."""

    piece: str
    start: int
    end: int
    special: bool
    segment: int
    word: int | None

    def within(self, texts: Sequence[str]) -> str:
        """The characters it covers, in the sentence of its segment."""
        return "" if self.special else texts[self.segment][self.start : self.end]


def labels(spans: Sequence[Span], texts: Sequence[str]) -> list[str]:
    """What to show of each token."""
    made = [label(span, span.within(texts)) for span in spans]
    readable = [i for i, span in enumerate(spans) if is_readable(span, span.within(texts))]
    for group in sharing(spans, readable):
        for number, i in enumerate(group, start=1):
            made[i] += f"⟨{number}/{len(group)}⟩"
    return made


def label(span: Span, covered: str) -> str:
    """Rules 1 to 3."""
    if is_readable(span, covered):
        return covered.strip()
    if not covered:
        return span.piece
    if covered.isspace():
        return "".join("⏎" if c == "\n" else "␣" for c in covered)
    return "␣" * len(span.piece)


def is_readable(span: Span, covered: str) -> bool:
    """Whether the characters a token covers are what it stands for (rule 3)."""
    joiner = set(span.piece) == {JOINER} and span.piece != covered
    return bool(covered.strip()) and not joiner


def sharing(spans: Sequence[Span], among: Sequence[int]) -> Iterator[list[int]]:
    """Groups of neighbours, each of which shares characters with the one before."""
    group: list[int] = []
    for i in among:
        if group and overlap(spans[group[-1]], spans[i]):
            group.append(i)
            continue
        if len(group) > 1:
            yield group
        group = [i]
    if len(group) > 1:
        yield group


def overlap(a: Span, b: Span) -> bool:
    """Whether two tokens share a character of the same sentence."""
    return a.segment == b.segment and a.start < b.end and b.start < a.end
