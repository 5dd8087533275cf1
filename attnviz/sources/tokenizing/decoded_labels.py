"""Labels of tokens that cover no text: predicted and generated ones, and those of token ids.

They are those that the tokens of a text have (`labels.py`), as far as a token alone has text:
a part of a character has its bytes in hexadecimal numbers, and its character with its number
where the other parts are beside it.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from attnviz.sources.tokenizing.byte_letters import letters_to_bytes
from attnviz.sources.tokenizing.byte_level_labels import place_spans
from attnviz.sources.tokenizing.labels import SPACE_MARK, make_labels, mark_white_space

REPLACED = "\ufffd"  # in the decoded text of a part of a character
BYTE_PIECE = re.compile(r"<0x([0-9A-Fa-f]{2})>")  # of SentencePiece
NOT_DECODED = re.compile("[\udc80-\udcff]+")  # bytes, as `surrogateescape` decodes them


def label_decoded(piece: str, text: str) -> str:
    """The label of a token by itself: its decoded text, its bytes, or its piece.

    >>> label_decoded("Ċ", "\\n"), label_decoded("Ġcat", " cat"), label_decoded("▁▁", "")
    ('⏎', 'cat', '␣␣')
    >>> label_decoded("ĠðŁ", " \\ufffd"), label_decoded("<0xE2>", "\\ufffd")
    ('⟨0xF09F⟩', '⟨0xE2⟩')
    """
    if not text:
        return mark_white_space(piece) if set(piece) == {SPACE_MARK} else piece
    shown = label_bytes(piece) if is_part(piece, text) else text
    return mark_white_space(shown) if shown.isspace() else shown.strip()


def is_part(piece: str, text: str) -> bool:
    """Whether a token is decoded to a part of a character, or to the name of its byte."""
    is_name = text == piece and BYTE_PIECE.fullmatch(piece) is not None
    return is_name or (REPLACED in text and piece_bytes(piece) is not None)


def label_bytes(piece: str) -> str:
    """The text of a piece with parts of characters as hexadecimal numbers."""
    data = piece_bytes(piece) or b""

    def name_bytes(match: re.Match[str]) -> str:
        return f"⟨0x{match[0].encode('utf-8', 'surrogateescape').hex().upper()}⟩"

    return NOT_DECODED.sub(name_bytes, data.decode("utf-8", "surrogateescape"))


def piece_bytes(piece: str) -> bytes | None:
    """The bytes that a piece stands for: `<0xE2>`, or letters of byte-level BPE."""
    match = BYTE_PIECE.fullmatch(piece)
    return bytes([int(match[1], 16)]) if match else letters_to_bytes(piece)


def label_sequence(pieces: Sequence[str], texts: Sequence[str]) -> list[str]:
    """The labels of consecutive tokens: parts of a character have it, with their number.

    >>> label_sequence(["<0xC3>", "<0xA9>", "▁a"], ["\\ufffd", "\\ufffd", "a"])
    ['é⟨1/2⟩', 'é⟨2/2⟩', 'a']
    """
    labels = [label_decoded(*token) for token in zip(pieces, texts, strict=True)]
    for run in runs_of_parts(pieces, texts):
        parts = [piece_bytes(piece) or b"" for piece in pieces[run]]
        try:
            text = b"".join(parts).decode()
        except UnicodeDecodeError:  # a part is missing
            continue
        spans = place_spans(pieces[run], [False] * len(parts), parts, text)
        labels[run] = make_labels(spans, (text,))
    return labels


def runs_of_parts(pieces: Sequence[str], texts: Sequence[str]) -> Iterator[slice]:
    """The runs of consecutive tokens each of which has a part of a character."""
    start = 0
    for i, (piece, text) in enumerate(zip((*pieces, ""), (*texts, ""), strict=True)):
        if is_part(piece, text):
            continue
        if i > start:
            yield slice(start, i)
        start = i + 1
