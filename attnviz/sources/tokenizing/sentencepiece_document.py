"""SentencePiece models as documents in the format of tokenizer.json.

The ids of a document are those of `pieces`, which a tokenizer's class arranges around the pieces
of the file. A text between two added tokens is encoded as SentencePiece encodes a text.
"""

from __future__ import annotations

import re
from base64 import b64encode
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from attnviz.errors import InvalidInputError
from attnviz.sources.tokenizing.bpe_merges import all_merges
from attnviz.sources.tokenizing.sentencepiece_model import (
    BPE,
    NORMAL,
    UNKNOWN,
    UNUSED,
    USER_DEFINED,
    Piece,
    SentencePieceModel,
)
from attnviz.sources.tokenizing.tokenizer_document import (
    AddedToken,
    Step,
    make_document,
    replace,
    sequence,
    split,
)

SPACE = "▁"
NEVER = -1e4  # score of pieces that are no result of a text


def sentencepiece_document(
    model: SentencePieceModel,
    pieces: Sequence[Piece],
    added: Iterable[AddedToken],
    ids: Mapping[str, int],
    *,
    before: Sequence[Step] = (),
    prefix_once: bool = False,
    post_processor: Step | None = None,
) -> bytes:
    """The document of a model whose ids are the indices of `pieces`.

    `before` are normalizers before those of the model. With `prefix_once`, only the start of the
    text gets a dummy prefix, else each text after an added token too.
    """
    words = model.remove_extra_spaces and model.add_dummy_prefix and not model.has_inner_spaces
    normalizers, splits = space_steps(model, split_words=words, prefix_once=prefix_once)
    if model.charsmap:
        charsmap = b64encode(model.charsmap).decode()
        normalizers.insert(0, {"type": "Precompiled", "precompiled_charsmap": charsmap})
    defined = sorted((p.text for p in pieces if p.kind == USER_DEFINED), key=len, reverse=True)
    if defined:
        pattern = "|".join(map(re.escape, defined))
        splits.append(split(pattern, "Isolated", regex=True))
    return make_document(
        model_section(model, pieces),
        added,
        ids,
        normalizer=sequence("normalizers", [*before, *normalizers]),
        pre_tokenizer=sequence("pretokenizers", splits),
        post_processor=post_processor,
        decoder=decoder(model),
    )


def space_steps(
    model: SentencePieceModel, *, split_words: bool, prefix_once: bool
) -> tuple[list[Step], list[Step]]:
    """The normalizers and pre-tokenizers that treat spaces as the model does.

    Splitting at spaces gives the tokens of a word its number; it changes no token where no piece
    continues after a space.
    """
    metaspace = {"type": "Metaspace", "replacement": SPACE, "split": False}
    if split_words:
        return [], [split(" ", "Removed"), {**metaspace, "prepend_scheme": "always"}]
    normalizers: list[Step] = []
    if model.remove_extra_spaces:
        normalizers += [replace(r"\A +| +\z", "", regex=True), replace(" {2,}", " ", regex=True)]
    if prefix_once and model.add_dummy_prefix:
        return normalizers, [{**metaspace, "prepend_scheme": "first"}]
    if model.add_dummy_prefix:
        normalizers.append({"type": "Prepend", "prepend": SPACE})
    return [*normalizers, replace(" ", SPACE)], []


def model_section(model: SentencePieceModel, pieces: Sequence[Piece]) -> Step:
    """The model of the document: Unigram, or BPE with its merges."""
    unknown = [i for i, piece in enumerate(pieces) if piece.kind == UNKNOWN]
    if any(piece.kind == UNUSED for piece in pieces):
        raise InvalidInputError("pieces of the type UNUSED are not supported")
    if len({piece.text for piece in pieces}) < len(pieces):
        raise InvalidInputError("a piece of the file is also a token of the tokenizer's class")
    if model.model_type != BPE:
        return {
            "type": "Unigram",
            "unk_id": unknown[0],
            "vocab": [[piece.text, unigram_score(piece)] for piece in pieces],
            "byte_fallback": model.byte_fallback,
        }
    normal = [piece for piece in pieces if piece.kind == NORMAL]
    ranked = sorted(normal, key=lambda piece: -piece.score)  # stable: then by id
    return {
        "type": "BPE",
        "dropout": None,
        "unk_token": pieces[unknown[0]].text,
        "continuing_subword_prefix": None,
        "end_of_word_suffix": None,
        "fuse_unk": True,
        "byte_fallback": model.byte_fallback,
        "ignore_merges": any(piece.kind == USER_DEFINED for piece in pieces),
        "vocab": {piece.text: i for i, piece in enumerate(pieces)},
        "merges": all_merges((p.text for p in ranked), {p.text for p in normal}),
    }


def unigram_score(piece: Piece) -> float:
    """The score of a piece; 0, the largest, for a user-defined one, which is never divided."""
    return piece.score if piece.kind == NORMAL else 0.0 if piece.kind == USER_DEFINED else NEVER


def decoder(model: SentencePieceModel) -> Step:
    """The decoder: bytes joined, and spaces put back."""
    steps: list[dict[str, Any]] = [replace(SPACE, " ")]
    if model.byte_fallback:
        steps.append({"type": "ByteFallback"})
    steps.append({"type": "Fuse"})
    if model.add_dummy_prefix:
        steps.append({"type": "Strip", "content": " ", "start": 1, "stop": 0})
    return {"type": "Sequence", "decoders": steps}
