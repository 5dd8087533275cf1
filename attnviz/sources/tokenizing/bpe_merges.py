"""Merges of BPE vocabularies that rank pieces rather than merges (SentencePiece, tiktoken).

There, any two neighbors merge whose concatenation is a piece, that of the best rank first. So
each way to split a piece into two pieces is a merge, in the order of the ranks of the whole.
Paper: 1508.07909
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator

from attnviz.errors import InvalidInputError

MAX_LENGTH = 256  # characters of a piece; those of known vocabularies have at most 128
MAX_CHARACTERS = 3_000_000  # of all pieces; known vocabularies have 1,500,000
MAX_MERGES = 3_000_000  # Gemma's 256,000 pieces have 580,000


def all_merges(ranked: Iterable[str], pieces: Collection[str]) -> list[list[str]]:
    """The merges of all pieces; `ranked` is in the order in which they merge.

    Raises InvalidInputError for pieces that are too long or have too many merges.
    """
    merges: list[list[str]] = []
    n_character = 0
    for piece in ranked:
        n_character += len(piece)
        if len(piece) > MAX_LENGTH or n_character > MAX_CHARACTERS:
            raise InvalidInputError(
                f"a piece of BPE may have {MAX_LENGTH} characters, all {MAX_CHARACTERS:,}"
            )
        merges.extend(splits_of(piece, pieces))
        if len(merges) > MAX_MERGES:
            raise InvalidInputError(f"its pieces have more than {MAX_MERGES:,} merges")
    return merges


def splits_of(piece: str, pieces: Collection[str]) -> Iterator[list[str]]:
    """Each way to split a piece into two pieces, the longest left part first.

    Of a run of one letter this is the order in which neighbors merge from the left.
    """
    for i in range(len(piece) - 1, 0, -1):
        if piece[:i] in pieces and piece[i:] in pieces:
            yield [piece[:i], piece[i:]]
