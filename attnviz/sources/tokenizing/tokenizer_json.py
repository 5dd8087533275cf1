"""Tokenizers of files: a tokenizer.json or a folder, untrusted, read with a size limit, cached."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from functools import cache, lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError
from attnviz.sources.file_stamp import read_stamp
from attnviz.sources.safe_read import read_file
from attnviz.sources.tokenizing.decoded_labels import label_decoded, label_sequence
from attnviz.sources.tokenizing.encode import translate_errors
from attnviz.sources.tokenizing.tokenizer_parser import parse_tokenizer

if TYPE_CHECKING:
    from attnviz.sources.tokenizing.limited_tokenizer import LimitedTokenizer
    from attnviz.sources.tokenizing.mapped_tokenizer import MappedTokenizer

    FileTokenizer: TypeAlias = LimitedTokenizer | MappedTokenizer

MAX_BYTES = 64 << 20  # bytes; the largest known tokenizer.json has half of that


def load_tokenizer(path: Path, *, is_target: bool = False) -> FileTokenizer:
    """The tokenizer of a file, or of a folder with a tokenizer.json or other tokenizer files.

    Padding, truncation and dropout settings of the file are ignored. With `is_target`, that of
    the target language, where a folder has two.
    The last four tokenizers are cached until their files change.
    Raises CouldNotError where there is no such file, InvalidInputError for one that is not a
    tokenizer, or with settings that could exhaust memory.
    """
    return load_cached(path, read_stamp(path), is_target)


@lru_cache(maxsize=4)
def load_cached(path: Path, stamp: object, is_target: bool) -> FileTokenizer:
    """The same, cached by path and file stamp."""
    with suppress(OSError):  # a name that is too long: reading it says so
        if path.is_dir() and not (path / "tokenizer.json").is_file():
            from attnviz.sources.tokenizing.tokenizer_folder import build_folder_tokenizer

            return build_folder_tokenizer(path, is_target=is_target)
    content = read_tokenizer_file(path)
    try:
        return parse_tokenizer(content, str(path))
    except InvalidInputError:
        from attnviz.sources.tokenizing.tokenizer_files import file_names

        if path.name not in file_names():
            raise
        raise InvalidInputError(
            f"tokenizer {str(path)!r} is one of the files of a tokenizer; give their folder: "
            f"{str(path.parent)!r}"
        ) from None


def read_tokenizer_file(path: Path) -> bytes:
    """The bytes of the file, at most MAX_BYTES."""
    with suppress(OSError):
        path = path / "tokenizer.json" if path.is_dir() else path
    return read_file(path, MAX_BYTES, f"tokenizer {str(path)!r}")


def tokens_of_ids(
    tokenizer: FileTokenizer, ids: Sequence[int], *, is_sequence: bool = False
) -> tuple[Token, ...]:
    """Token ids as tokens that cover no text; "#id" for one that is not in the vocabulary.

    Special are the control tokens of the tokenizer, except those that stand for text.
    `is_sequence`: the tokens follow each other in a text, so that parts of a character have it.
    """
    from attnviz.sources.tokenizing.special_names import stands_for_text

    control = tokenizer.special_tokens
    pieces = [tokenizer.id_to_token(token_id) or f"#{token_id}" for token_id in ids]
    with translate_errors(tokenizer.name):
        texts = [tokenizer.decode([n]) for n in ids]
    labels = label_sequence(pieces, texts) if is_sequence else map(label_decoded, pieces, texts)
    return tuple(
        Token(piece, label, special=piece in control and not stands_for_text(piece))
        for piece, label in zip(pieces, labels, strict=True)
    )


@cache
def load_shipped_bpe() -> FileTokenizer:
    """The byte-level BPE of attnviz, trained by tests/training/train_bpe.py."""
    return load_tokenizer(Path(__file__).with_name("bpe.json"))
