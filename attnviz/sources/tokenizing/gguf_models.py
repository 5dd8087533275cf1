"""Documents in the format of tokenizer.json for each kind of tokenizer of GGUF files."""

from __future__ import annotations

import re

from attnviz.sources.tokenizing.gguf_pre_tokenizers import find_pre_tokenizer
from attnviz.sources.tokenizing.gguf_vocabulary import Vocabulary
from attnviz.sources.tokenizing.sentencepiece_document import SPACE, sentencepiece_document
from attnviz.sources.tokenizing.sentencepiece_model import (
    BPE,
    BYTE,
    CONTROL,
    NORMAL,
    UNIGRAM,
    UNKNOWN,
    UNUSED,
    USER_DEFINED,
    Piece,
    SentencePieceModel,
)
from attnviz.sources.tokenizing.tokenizer_document import (
    AddedToken,
    Step,
    byte_level,
    make_document,
    sequence,
    split,
)

MASK = "<mask>"  # of RoBERTa, which includes the space before it
FILLER, N_SENTINEL = re.compile(r"\[PAD\d+\]"), 100
NFC: Step = {"type": "NFC"}


def byte_level_bpe(vocabulary: Vocabulary, post_processor: Step | None) -> bytes:
    """GPT-2's BPE over bytes."""
    pre_tokenizer = find_pre_tokenizer(vocabulary.find("pre"), vocabulary.architecture)
    splits = [split(pattern, "Isolated", regex=True) for pattern in pre_tokenizer.patterns]
    ids = vocabulary.ids
    model = {
        "type": "BPE",
        "ignore_merges": pre_tokenizer.ignores_merges,
        "vocab": ids,
        "merges": vocabulary.strings("merges"),  # the library checks them against the vocabulary
    }
    return make_document(
        model,
        added_tokens(vocabulary, (UNKNOWN, CONTROL, USER_DEFINED)),
        ids,
        normalizer=NFC if pre_tokenizer.is_nfc else None,
        pre_tokenizer=sequence("pretokenizers", [*splits, byte_level(use_regex=False)]),
        post_processor=post_processor,
        decoder=byte_level(),
    )


def sentencepiece_bpe(vocabulary: Vocabulary, post_processor: Step | None) -> bytes:
    """SentencePiece's BPE: characters are joined to the piece with the best score."""
    return sentencepiece(vocabulary, post_processor, BPE)


def sentencepiece_unigram(vocabulary: Vocabulary, post_processor: Step | None) -> bytes:
    """SentencePiece's unigram model: the pieces whose scores have the largest sum."""
    if vocabulary.architecture.startswith("t5"):
        restore_sentinels(vocabulary)
    return sentencepiece(vocabulary, post_processor, UNIGRAM)


def sentencepiece(vocabulary: Vocabulary, post_processor: Step | None, model_type: int) -> bytes:
    """A SentencePiece model; files have spaces instead of "▁" in user-defined pieces."""
    charsmap, unknown = vocabulary.find("precompiled_charsmap"), vocabulary.token_id("unknown")
    pieces = tuple(
        Piece(
            token.replace(" ", SPACE) if kind == USER_DEFINED else token,
            score,
            CONTROL if kind == UNUSED else kind,  # neither is a result of a text
        )
        for token, kind, score in vocabulary.entries()
    )
    if UNKNOWN not in vocabulary.types and unknown is not None:
        pieces = tuple(
            piece._replace(kind=UNKNOWN) if i == unknown else piece
            for i, piece in enumerate(pieces)
        )
    unknowns = [i for i, piece in enumerate(pieces) if piece.kind == UNKNOWN]
    if not unknowns:
        raise vocabulary.error("it has no unknown token")
    model = SentencePieceModel(
        pieces=pieces,
        model_type=model_type,
        unk_id=unknowns[0],
        byte_fallback=BYTE in vocabulary.types,
        charsmap=b"" if charsmap is None else charsmap.astype("u1").tobytes(),
        add_dummy_prefix=vocabulary.flag("add_space_prefix", True),
        remove_extra_spaces=vocabulary.flag("remove_extra_whitespaces", model_type == UNIGRAM),
    )
    added = added_tokens(vocabulary, (UNKNOWN, CONTROL))
    return sentencepiece_document(
        model, pieces, added, vocabulary.ids, post_processor=post_processor
    )


def restore_sentinels(vocabulary: Vocabulary) -> None:
    """Give T5's sentinels their names: files call them [PAD32000], … from <extra_id_99> on."""
    fillers = [i for i, token in enumerate(vocabulary.tokens) if FILLER.fullmatch(token)]
    for number, i in zip(reversed(range(N_SENTINEL)), fillers, strict=False):
        vocabulary.tokens[i], vocabulary.types[i] = f"<extra_id_{number}>", CONTROL


def word_piece(vocabulary: Vocabulary, post_processor: Step | None) -> bytes:
    """BERT's WordPiece. Files do not state lowercase: it is that of all pieces."""
    pieces = [word_piece_token(token, kind) for token, kind, _ in vocabulary.entries()]
    ordinary = [
        piece
        for piece, kind in zip(pieces, vocabulary.types, strict=True)
        if kind == NORMAL and not is_bracketed(piece)
    ]
    vocabulary.tokens = pieces
    unknown, ids = vocabulary.token_id("unknown"), vocabulary.ids
    model = {
        "type": "WordPiece",
        "unk_token": "[UNK]" if unknown is None else pieces[unknown],
        "continuing_subword_prefix": "##",
        "max_input_chars_per_word": 100,
        "vocab": ids,
    }
    special = [token for token in ids if token in SPECIAL_OF_BERT]
    return make_document(
        model,
        dict.fromkeys((*added_tokens(vocabulary, (UNKNOWN, CONTROL)), *map(AddedToken, special))),
        ids,
        normalizer={
            "type": "BertNormalizer",
            "clean_text": True,
            "handle_chinese_chars": True,
            "strip_accents": None,
            "lowercase": all(piece == piece.lower() for piece in ordinary),
        },
        pre_tokenizer={"type": "BertPreTokenizer"},
        post_processor=post_processor,
        decoder={"type": "WordPiece", "prefix": "##", "cleanup": True},
    )


SPECIAL_OF_BERT = ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]")


def word_piece_token(token: str, kind: int) -> str:
    """A piece as in vocab.txt: "▁cat" is cat, "s" is ##s."""
    if kind != NORMAL or is_bracketed(token):
        return token
    return token[1:] if token.startswith(SPACE) and token != SPACE else f"##{token}"


def is_bracketed(token: str) -> bool:
    """Whether a token is like [CLS]; those are stored as they are."""
    return token.startswith("[") and token.endswith("]")


def added_tokens(vocabulary: Vocabulary, kinds: tuple[int, ...]) -> list[AddedToken]:
    """Tokens that are matched in a text before anything else, by their types."""
    tokens = {
        token: kind != USER_DEFINED for token, kind, _ in vocabulary.entries() if kind in kinds
    }
    return [
        AddedToken(token, special=special, lstrip=token == MASK)
        for token, special in tokens.items()
        if token
    ]
