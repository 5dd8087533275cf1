"""Labels of byte-level pieces (`Ġcat`, `æĪĳ`, `ðŁ`): the text of the bytes of their letters."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from codecs import getincrementaldecoder
from collections.abc import Sequence
from itertools import accumulate
from unicodedata import category

from attnviz.sources.tokenizing.byte_letters import letters_to_bytes
from attnviz.sources.tokenizing.labels import Span, make_labels

MARKS = "ĠĊ"  # a space, a line break
PRINTED = frozenset("\n\r\t")  # control characters that texts have


def byte_level_labels(pieces: Sequence[str], special: Sequence[bool]) -> list[str] | None:
    """The labels of consecutive pieces of one text, if they are byte-level; else None.

    They are where every piece that is not special is of letters that stand for bytes, some of
    which are not ASCII; the bytes are UTF-8 without control characters; and a space, a line
    break or a character beyond ASCII is among them. `été` is not: its é stands for half a
    character. The last character may be cut off.

    >>> byte_level_labels(["æĪĳ", "Ċ", "ĠðŁ", "Ĳ±"], [False] * 4)
    ['我', '⏎', '🐱⟨1/2⟩', '🐱⟨2/2⟩']
    """

    plain = [piece for piece, flag in zip(pieces, special, strict=True) if not flag]
    if all(piece.isascii() for piece in plain):
        return None
    parts = [
        b"" if flag else letters_to_bytes(piece)
        for piece, flag in zip(pieces, special, strict=True)
    ]
    if None in parts:
        return None
    data = b"".join(part for part in parts if part is not None)
    try:
        text = getincrementaldecoder("utf-8")().decode(data)
    except UnicodeDecodeError:
        return None
    has_mark = any(mark in piece for piece in pieces for mark in MARKS)
    if any(category(c) == "Cc" and c not in PRINTED for c in text):
        return None
    if text.isascii() and not has_mark:
        return None
    return make_labels(place_spans(pieces, special, parts, text), (text,))


def place_spans(
    pieces: Sequence[str], special: Sequence[bool], parts: Sequence[bytes | None], text: str
) -> list[Span]:
    """Each piece with the characters that its bytes are in."""
    starts = list(accumulate((len(c.encode()) for c in text), initial=0))
    spans, at = [], 0
    for piece, flag, part in zip(pieces, special, parts, strict=True):
        end = at + len(part or b"")
        first, last = bisect_right(starts, at) - 1, bisect_left(starts, end)
        is_covered = not flag and at < end <= starts[-1]
        span = (first, min(last, len(text))) if is_covered else (first, first)
        spans.append(Span(piece, *span, flag, 0, None))
        at = end
    return spans
