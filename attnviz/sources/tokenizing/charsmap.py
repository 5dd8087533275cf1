"""SentencePiece's normalization rules (precompiled_charsmap), applied as SentencePiece does.

The table is the size of a trie in 4 bytes, the trie (a double array in 32-bit units), and strings
that end in a NUL. The longest match of the trie at each position is replaced; the library
`tokenizers` replaces single characters or grapheme clusters, which differs for decomposed text.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from attnviz.errors import InvalidInputError

MAX_DEPTH = 64  # bytes of a match; the rules of NFKC have at most 12
MAX_GROWTH, FREE_CHARACTERS = 16, 1 << 16  # of the normalized text


class Normalized(NamedTuple):
    """A normalized text, and the span of the original one that each character comes from."""

    text: str
    starts: list[int]
    ends: list[int]

    def original_span(self, start: int, end: int) -> tuple[int, int]:
        """Offsets in the original text for offsets in the normalized one."""
        if start >= end:
            at = self.starts[start] if start < len(self.starts) else (self.ends or [0])[-1]
            return at, at
        return self.starts[start], self.ends[end - 1]


class Charsmap:
    """The rules of a SentencePiece model. Raises InvalidInputError for a damaged table."""

    def __init__(self, table: bytes) -> None:
        n_trie = int.from_bytes(table[:4], "little")
        if table and (n_trie % 4 or not 0 < n_trie <= len(table) - 4):
            raise InvalidInputError("its precompiled_charsmap is damaged")
        self.units = np.frombuffer(table, "<u4", n_trie // 4, 4).tolist() if table else []
        self.strings = table[4 + n_trie :]

    def find_match(self, data: bytes, position: int) -> tuple[int, int]:
        """Place of the replacement and length of the longest match at a byte; length 0: none."""
        node, found = 0, (0, 0)
        try:
            node ^= unit_offset(self.units[node])
            for length, byte in enumerate(data[position : position + MAX_DEPTH], start=1):
                node ^= byte
                unit = self.units[node]
                if unit & 0x800000FF != byte:
                    break
                node ^= unit_offset(unit)
                if unit >> 8 & 1:
                    found = self.units[node] & 0x7FFFFFFF, length
        except IndexError:
            raise InvalidInputError("its precompiled_charsmap is damaged") from None
        return found

    def normalize(self, text: str) -> Normalized:
        """The text with every longest match replaced."""
        parts: list[str] = []
        starts: list[int] = []
        ends: list[int] = []
        data = text.encode()
        position, index = 0, 0  # in bytes, in characters
        while index < len(text):
            place, length = self.find_match(data, position) if self.units else (0, 0)
            try:
                matched = data[position : position + length].decode()
                new = self.strings[place : self.strings.find(b"\0", place)].decode()
            except UnicodeDecodeError:
                raise InvalidInputError("its precompiled_charsmap is damaged") from None
            if not matched:
                matched = new = text[index]
            parts.append(new)
            starts.extend([index] * len(new))
            ends.extend([index + len(matched)] * len(new))
            if len(starts) > FREE_CHARACTERS + MAX_GROWTH * len(text):
                raise InvalidInputError("its precompiled_charsmap makes the text too long")
            index += len(matched)
            position += len(matched.encode())
        return Normalized("".join(parts), starts, ends)


def unit_offset(unit: int) -> int:
    """The offset to the children of a node of the double array."""
    return (unit >> 10) << ((unit & 512) >> 6)
