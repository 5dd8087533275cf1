"""Contents of tokenizer.json files to tokenizers, within limits."""

from __future__ import annotations

from attnviz.errors import InvalidInputError
from attnviz.sources.safe_read import decode_text
from attnviz.sources.tokenizing.encode import translate_errors
from attnviz.sources.tokenizing.limited_tokenizer import LimitedTokenizer, read_limits
from attnviz.sources.tokenizing.tokenizer_settings import parse_document, read_settings
from attnviz.sources.tokenizing.vocabulary_size import check_vocabulary


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
