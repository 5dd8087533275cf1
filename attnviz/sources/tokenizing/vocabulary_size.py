"""The size of a tokenizer.json's vocabulary, bounded before the library builds its tables.

Measured with tokenizers 0.23: a byte of a Unigram piece takes 350 bytes of memory (a node of a
trie each, freed recursively, on the stack), an entry of any other vocabulary or a merge 170, a
byte of an added token 76 (an automaton).
"""

from __future__ import annotations

import re

from attnviz.errors import InvalidInputError

MAX_STRINGS = 4_000_000  # strings of the file; the largest known tokenizer.json has 1,300,000
MAX_PIECE = 10_000  # bytes of a Unigram piece
MAX_PIECES = 4 << 20  # bytes of all Unigram pieces, or of all added tokens; XLM-R's have 2 MB

MODEL_OPENING = re.compile(
    rb'"model"\s*:\s*\{\s*("type"\s*:\s*"(?:BPE|WordPiece|WordLevel)"\s*[,}])?'
)
# A letter of a key or of a type may be escaped.
UNIGRAM_OR_ESCAPE = re.compile(rb'"type"\s*:\s*"Unigram"|\\u00[4-7]')


def check_vocabulary(content: bytes) -> None:
    """Raise InvalidInputError for a tokenizer.json whose vocabulary is out of bounds."""
    n_string = content.count(b'"') // 2
    if n_string > MAX_STRINGS:
        raise InvalidInputError(
            f"it has {n_string:,} strings: a vocabulary, with its merges, should have at most "
            f"{MAX_STRINGS:,}"
        )
    if (has_short_strings(content) and len(content) <= MAX_PIECES) or not may_be_unigram(content):
        return
    model = content[max(0, content.find(b'"model"')) :]
    plain = model.replace(b"\\\\", b"__").replace(b'\\"', b"__")
    sizes = list(map(len, plain.split(b'"')[1::2]))
    if max(sizes, default=0) > MAX_PIECE:
        raise InvalidInputError(f"model.vocab has a piece of more than {MAX_PIECE:,} bytes")
    if sum(sizes) > MAX_PIECES:
        raise InvalidInputError(
            f"model.vocab has pieces of {sum(sizes):,} bytes; at most {MAX_PIECES:,} are allowed"
        )


def may_be_unigram(content: bytes) -> bool:
    """Whether the model is a Unigram model, or none of another type that is named at its start."""
    types = MODEL_OPENING.findall(content)
    return not types or b"" in types or UNIGRAM_OR_ESCAPE.search(content) is not None


def has_short_strings(content: bytes) -> bool:
    """Whether no JSON string exceeds MAX_PIECE, from a quotation mark in each stretch of the file.

    False is also returned where such a mark may be escaped, and the whole file must be read.
    """
    position = 0
    while len(content) - position > MAX_PIECE:
        mark = content.rfind(b'"', position + 1, position + MAX_PIECE)
        if mark < 0 or content[mark - 1 : mark] == b"\\":
            return False
        position = mark
    return True
