"""Token ids of SentencePiece tokenizers: how a class arranges them around the file's pieces."""

from __future__ import annotations

from collections.abc import Callable

from attnviz.sources.tokenizing.sentencepiece_model import (
    BYTE,
    CONTROL,
    UNKNOWN,
    Piece,
    SentencePieceModel,
)
from attnviz.sources.tokenizing.special_tokens import FolderSettings

MAX_EXTRA = 10_000  # extra ids of T5, offset of Pegasus

Layout = Callable[[SentencePieceModel, FolderSettings], list[Piece]]


def pieces_of_file(model: SentencePieceModel, settings: FolderSettings) -> list[Piece]:
    """The pieces of the file, with its ids."""
    del settings
    return list(model.pieces)


def fairseq_layout(*last: str) -> Layout:
    """Ids of fairseq: <s>, <pad>, </s>, <unk>, then the file's pieces from its fourth on."""

    def layout(model: SentencePieceModel, settings: FolderSettings) -> list[Piece]:
        del settings
        first = [Piece("<s>", 0, CONTROL), Piece("<pad>", 0, CONTROL), Piece("</s>", 0, CONTROL)]
        tokens = [Piece(token, 0, CONTROL) for token in last]
        return [*first, Piece("<unk>", 0, UNKNOWN), *model.pieces[3:], *tokens]

    return layout


def camembert_layout(model: SentencePieceModel, settings: FolderSettings) -> list[Piece]:
    """Five tokens of CamemBERT, then the file's pieces from its second on, then the mask."""
    del settings
    first = [
        Piece("<s>NOTUSED", 0, CONTROL),
        Piece("<pad>", 0, CONTROL),
        Piece("</s>NOTUSED", 0, CONTROL),
        Piece("<unk>", 0, UNKNOWN),
        Piece("<unk>NOTUSED", 0, CONTROL),
    ]
    return [*first, *model.pieces[1:], Piece("<mask>", 0, CONTROL)]


def t5_layout(model: SentencePieceModel, settings: FolderSettings) -> list[Piece]:
    """The file's pieces, then the sentinel tokens of T5, the last one first."""
    extra = [Piece(token, 0, CONTROL) for token in reversed(sentinels(settings))]
    known = {piece.text for piece in model.pieces}
    return [*model.pieces, *(piece for piece in extra if piece.text not in known)]


def sentinels(settings: FolderSettings) -> list[str]:
    """The sentinel tokens of T5 in the order of their numbers."""
    n_extra = settings.get_int("extra_ids", 100, MAX_EXTRA)
    return [f"<extra_id_{i}>" for i in range(n_extra)]


def pegasus_layout(model: SentencePieceModel, settings: FolderSettings) -> list[Piece]:
    """Padding, end, the reserved tokens of Pegasus, then the file's pieces from its third on."""
    first = [Piece(token, 0, CONTROL) for token in ("<pad>", "</s>", *pegasus_reserved(settings))]
    return [*first, *model.pieces[2:]]


def pegasus_reserved(settings: FolderSettings) -> list[str]:
    """<mask_1> for a sentence, <mask_2> for a word, and unused tokens up to the offset.

    BigBird-Pegasus, whose offset is 0, has them in its file.
    """
    offset = settings.get_int("offset", 103, MAX_EXTRA)
    masks = ["<mask_1>", "<mask_2>"] if offset else []
    return [*masks, *(f"<unk_{i}>" for i in range(2, offset))]


def albert_layout(model: SentencePieceModel, settings: FolderSettings) -> list[Piece]:
    """The file's pieces; those that end in a digit and a comma are unlikely, as in ALBERT."""
    del settings
    return [
        piece._replace(score=piece.score - 100)
        if piece.text.endswith(",") and piece.text[-2:-1].isdigit() and piece.kind != BYTE
        else piece
        for piece in model.pieces
    ]


def deberta_layout(model: SentencePieceModel, settings: FolderSettings) -> list[Piece]:
    """The file's pieces, then the mask token."""
    mask = settings.text("mask_token", "[MASK]")
    last = [] if any(p.text == mask for p in model.pieces) else [Piece(mask, 0, CONTROL)]
    return [*model.pieces, *last]
