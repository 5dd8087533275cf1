"""Labels of tokens: the characters that a token covers, readable where its piece is not.

A byte-level piece (`Ġcat`, `ðŁĲ±`) is not readable, and several tokens may cover the same
character. So:

1. the label of a special token, or of one that covers no characters, is its piece;
2. of a token that covers white space only, or none because the tokenizer trims it: ␣ per
   character, ⏎ for a line break;
3. of the unknown token: its piece and the characters that it replaces, [UNK]⟨字⟩;
4. of any other: the characters it covers, without surrounding white space;
5. tokens that share characters are numbered: é⟨1/2⟩ é⟨2/2⟩.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from attnviz.sources.tokenizing.byte_letters import letters_to_bytes

UNKNOWN = frozenset(("[UNK]", "<unk>", "<UNK>", "[unk]", "<|unk|>"))
SPACE_MARK = "▁"  # SentencePiece writes it for a space


class Span(NamedTuple):
    """A token as the tokenizer reports it: its piece and the characters it covers."""

    piece: str
    start: int
    end: int
    special: bool
    segment: int
    word: int | None

    def covered_text(self, texts: Sequence[str]) -> str:
        """The characters that it covers, in the sentence of its segment."""
        return "" if self.special else texts[self.segment][self.start : self.end]


def make_labels(spans: Sequence[Span], texts: Sequence[str]) -> list[str]:
    """The label of each token."""
    result = [make_label(span, span.covered_text(texts)) for span in spans]
    readable = [i for i, span in enumerate(spans) if is_readable(span, span.covered_text(texts))]
    for group in group_overlapping(spans, readable):
        for number, i in enumerate(group, start=1):
            result[i] += f"⟨{number}/{len(group)}⟩"
    return result


def make_label(span: Span, covered: str) -> str:
    """The label by rules 1 to 4."""
    if is_readable(span, covered):
        text = covered.strip()
        is_unknown = span.piece in UNKNOWN and text != span.piece
        return f"{span.piece}⟨{text}⟩" if is_unknown else text
    if not covered:
        blank = (letters_to_bytes(span.piece) or b"").decode("ascii", errors="replace")
        return mark_white_space(blank) if blank.isspace() and not span.special else span.piece
    return mark_white_space(covered) if covered.isspace() else "␣" * len(span.piece)


def mark_white_space(text: str) -> str:
    """White space as marks: ⏎ for a line break, ␣ for any other character."""
    return "".join("⏎" if c == "\n" else "␣" for c in text)


def is_readable(span: Span, covered: str) -> bool:
    """Whether the label has the covered characters (rules 3 and 4)."""
    is_space = set(span.piece) == {SPACE_MARK} and span.piece != covered
    return bool(covered.strip()) and not is_space


def group_overlapping(spans: Sequence[Span], among: Sequence[int]) -> Iterator[list[int]]:
    """Groups of consecutive tokens that share characters with the one before."""
    group: list[int] = []
    for i in among:
        if group and is_overlapping(spans[group[-1]], spans[i]):
            group.append(i)
            continue
        if len(group) > 1:
            yield group
        group = [i]
    if len(group) > 1:
        yield group


def is_overlapping(a: Span, b: Span) -> bool:
    """Whether two tokens cover a common character of the same sentence."""
    return a.segment == b.segment and a.start < b.end and b.start < a.end
