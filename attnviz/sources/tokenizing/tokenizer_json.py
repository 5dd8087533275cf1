"""tokenizer.json files: untrusted, read with a size limit, cached."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path

from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError
from attnviz.sources.file_stamp import read_stamp
from attnviz.sources.safe_read import decode_text, read_file
from attnviz.sources.tokenizing.encode import translate_errors
from attnviz.sources.tokenizing.labels import mark_white_space
from attnviz.sources.tokenizing.limited_tokenizer import LimitedTokenizer, read_limits
from attnviz.sources.tokenizing.tokenizer_settings import parse_document, read_settings
from attnviz.sources.tokenizing.vocabulary_size import check_vocabulary

MAX_BYTES = 64 << 20  # bytes; the largest known tokenizer.json has half of that


def load_tokenizer(path: Path) -> LimitedTokenizer:
    """The tokenizer of a file, or of a folder with a tokenizer.json.

    Padding, truncation and dropout settings of the file are ignored.
    The last four tokenizers are cached until their files change.
    Raises CouldNotError where there is no such file, InvalidInputError for one that is not a
    tokenizer, or with settings that could exhaust memory.
    """
    return load_cached(path, read_stamp(path))


@lru_cache(maxsize=4)
def load_cached(path: Path, stamp: object) -> LimitedTokenizer:
    """The same, cached by path and file stamp."""
    return parse_tokenizer(read_tokenizer_file(path), str(path))


def read_tokenizer_file(path: Path) -> bytes:
    """The bytes of the file, at most MAX_BYTES."""
    with suppress(OSError):  # a name that is too long: reading it says so
        path = path / "tokenizer.json" if path.is_dir() else path
    return read_file(path, MAX_BYTES, f"tokenizer {str(path)!r}")


def parse_tokenizer(content: bytes, name: str) -> LimitedTokenizer:
    """The tokenizer from the content of a tokenizer.json, whose settings are checked first."""
    from tokenizers import Tokenizer

    settings = read_settings(content, name)
    try:
        check_vocabulary(content)
        limits = read_limits(settings)
    except InvalidInputError as error:
        raise InvalidInputError(f"tokenizer {name!r}: {error}") from None
    try:
        with translate_errors(name):
            tokenizer = LimitedTokenizer(name, Tokenizer.from_buffer(content), limits, content)
    except InvalidInputError:
        parse_document(decode_text(content), name)  # its message is more precise
        raise
    tokenizer.switch_off_settings()
    return tokenizer


def tokens_of_ids(tokenizer: LimitedTokenizer, ids: Sequence[int]) -> tuple[Token, ...]:
    """Token ids as tokens that cover no text; "#id" for one that is not in the vocabulary."""
    pieces = [tokenizer.id_to_token(token_id) or f"#{token_id}" for token_id in ids]
    with translate_errors(tokenizer.name):
        texts = [tokenizer.decode([n]) for n in ids]
    return tuple(
        Token(piece, label_decoded(piece, text)) for piece, text in zip(pieces, texts, strict=True)
    )


def label_decoded(piece: str, text: str) -> str:
    """The label of a token that covers no text: its decoded text, or its piece.

    >>> label_decoded("Ċ", "\\n"), label_decoded("Ġcat", " cat"), label_decoded("Ã", "\\ufffd")
    ('⏎', 'cat', 'Ã')
    """
    if not text or "\ufffd" in text:
        return piece
    return mark_white_space(text) if text.isspace() else text.strip()


@cache
def load_shipped_bpe() -> LimitedTokenizer:
    """The byte-level BPE of attnviz, trained by tests/training/train_bpe.py."""
    return load_tokenizer(Path(__file__).with_name("bpe.json"))
