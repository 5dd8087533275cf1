"""SentencePiece models (spiece.model, tokenizer.model …): pieces, scores and settings.

The file is a Protocol Buffers message, sentencepiece.ModelProto. It is untrusted, and read with
a size limit.
Paper: 1808.06226
"""

from __future__ import annotations

import math
import struct
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple

from attnviz.errors import InvalidInputError
from attnviz.record import Record
from attnviz.sources.safe_read import read_file
from attnviz.sources.tokenizing.protobuf import BYTES, FIXED32, Field, read_fields
from attnviz.sources.tokenizing.vocabulary_size import MAX_PIECE, MAX_PIECES

MAX_BYTES = 32 << 20  # bytes; the largest known model has 16 MB
UNIGRAM, BPE = 1, 2  # model types; WORD = 3 and CHAR = 4 are not supported
NORMAL, UNKNOWN, CONTROL, USER_DEFINED, UNUSED, BYTE = range(1, 7)  # types of pieces

# Numbers of fields of the messages.
PIECES, TRAINER, NORMALIZER = 1, 2, 3
PIECE, SCORE, TYPE = 1, 2, 3
MODEL_TYPE, SUFFIX, BYTE_FALLBACK, UNK_ID, UNK_PIECE = 3, 24, 35, 40, 45
CHARSMAP, DUMMY_PREFIX, EXTRA_SPACES, ESCAPE_SPACES = 2, 3, 4, 5


class Piece(NamedTuple):
    """A piece of the vocabulary, with its log probability or the negated rank of its merge."""

    text: str
    score: float
    kind: int = NORMAL


class SentencePieceModel(Record):
    """A SentencePiece model; the id of a piece is its index.

    `charsmap` is the table of its normalization rules. A dummy prefix is a space before the text;
    extra spaces are those at both ends and after another space.
    """

    pieces: tuple[Piece, ...]
    model_type: int
    unk_id: int
    byte_fallback: bool
    charsmap: bytes
    add_dummy_prefix: bool
    remove_extra_spaces: bool

    @property
    def has_inner_spaces(self) -> bool:
        """Whether a piece continues after a space: the text cannot be split at spaces then."""
        return any("▁" in piece.text[1:] for piece in self.pieces if piece.kind == NORMAL)


def read_sentencepiece(path: Path) -> SentencePieceModel:
    """The model of a file.

    Raises CouldNotError for a file that cannot be read, InvalidInputError for one that is damaged
    or has a setting that is not supported.
    """
    name = f"SentencePiece model {str(path)!r}"
    try:
        return parse_sentencepiece(read_file(path, MAX_BYTES, name))
    except InvalidInputError as error:
        text = str(error)
        raise InvalidInputError(text if text.startswith(name) else f"{name}: {text}") from None


def parse_sentencepiece(content: bytes) -> SentencePieceModel:
    """The model from the content of its file."""
    pieces: list[Piece] = []
    sections: dict[int, bytes] = {TRAINER: b"", NORMALIZER: b""}
    for number, wire_type, value in read_fields(content):
        if number == PIECES and isinstance(value, bytes) and wire_type == BYTES:
            pieces.append(read_piece(value, len(pieces)))
        elif number in sections and isinstance(value, bytes):
            sections[number] += value  # a message in two parts is their concatenation
    check_pieces(pieces)
    if not sections[TRAINER]:
        raise InvalidInputError("it has no trainer_spec: the file may be incomplete")
    trainer, normalizer = (read_last(section) for section in sections.values())
    if int_field(trainer, SUFFIX, 0):
        raise InvalidInputError("treat_whitespace_as_suffix = true is not supported")
    if not int_field(normalizer, ESCAPE_SPACES, 1):
        raise InvalidInputError("escape_whitespaces = false is not supported")
    model_type, unk_id = int_field(trainer, MODEL_TYPE, UNIGRAM), int_field(trainer, UNK_ID, 0)
    if model_type not in (UNIGRAM, BPE):
        raise InvalidInputError(f"model_type = {model_type} should be 1 (Unigram) or 2 (BPE)")
    if not 0 <= unk_id < len(pieces) or pieces[unk_id].kind != UNKNOWN:
        raise InvalidInputError(f"unk_id = {unk_id} is not the unknown piece")
    charsmap = normalizer.get(CHARSMAP, b"")
    return SentencePieceModel(
        pieces=tuple(pieces),
        model_type=model_type,
        unk_id=unk_id,
        byte_fallback=bool(int_field(trainer, BYTE_FALLBACK, 0)),
        charsmap=charsmap if isinstance(charsmap, bytes) else b"",
        add_dummy_prefix=bool(int_field(normalizer, DUMMY_PREFIX, 1)),
        remove_extra_spaces=bool(int_field(normalizer, EXTRA_SPACES, 1)),
    )


def read_piece(message: bytes, index: int) -> Piece:
    """One piece. Raises InvalidInputError for one that is not text or has no finite score."""
    text, score, kind = "", 0.0, NORMAL
    for number, wire_type, value in read_fields(message):
        if number == PIECE and isinstance(value, bytes) and wire_type == BYTES:
            if len(value) > MAX_PIECE:
                raise InvalidInputError(f"piece {index} has more than {MAX_PIECE:,} bytes")
            try:
                text = value.decode()
            except UnicodeDecodeError:
                raise InvalidInputError(f"piece {index} is not UTF-8") from None
        elif number == SCORE and isinstance(value, bytes) and wire_type == FIXED32:
            (score,) = struct.unpack("<f", value)
        elif number == TYPE and isinstance(value, int):
            kind = value
    if not text or not math.isfinite(score) or not NORMAL <= kind <= BYTE:
        raise InvalidInputError(f"piece {index} has no text, no finite score or an unknown type")
    return Piece(text, score, kind)


def check_pieces(pieces: list[Piece]) -> None:
    """Raise InvalidInputError for a vocabulary that is empty, too large or has duplicates."""
    if not pieces:
        raise InvalidInputError("it has no pieces")
    n_byte = sum(len(piece.text.encode()) for piece in pieces)
    if n_byte > MAX_PIECES:
        raise InvalidInputError(
            f"its pieces have {n_byte:,} bytes; at most {MAX_PIECES:,} are allowed"
        )
    if len({piece.text for piece in pieces}) < len(pieces):
        raise InvalidInputError("two of its pieces are the same")


def read_last(message: bytes) -> dict[int, int | bytes]:
    """The last value of each field of a message."""
    fields: list[Field] = list(read_fields(message))
    return {number: value for number, _, value in fields}


def int_field(fields: Mapping[int, int | bytes], number: int, default: int) -> int:
    """An integer field; of a value of another wire type, the default."""
    value = fields.get(number, default)
    return value if isinstance(value, int) else default
