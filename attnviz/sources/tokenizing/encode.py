"""Tokenization: a text, or a sentence pair, to tokens and token ids."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any, NamedTuple, TypeAlias

from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.record import Record
from attnviz.sources.safe_read import one_line_message
from attnviz.sources.tokenizing.labels import UNKNOWN, Span, make_labels

STDERR_LOCK = RLock()

TokenizerBuilder: TypeAlias = Callable[[Sequence[str]], Any]  # sentences -> tokenizers.Tokenizer


class Encoding(NamedTuple):
    """Tokens of a text, their token ids, and their token type ids.

    A type id is the tokenizer's number for a segment. Tokenizers of models without segment
    embeddings, or with a single one, give 0 to both sentences of a pair.
    """

    tokens: tuple[Token, ...]
    ids: tuple[int, ...]
    type_ids: tuple[int, ...]

    def select(self, indices: Sequence[int]) -> Encoding:
        """The tokens at these indices."""
        tokens, ids, type_ids = self
        return Encoding(
            tuple(tokens[i] for i in indices),
            tuple(ids[i] for i in indices),
            tuple(type_ids[i] for i in indices),
        )

    def join(self, other: Encoding) -> Encoding:
        """These tokens and then those of another encoding."""
        return Encoding(
            self.tokens + other.tokens, self.ids + other.ids, self.type_ids + other.type_ids
        )


class TextTokenizer(Record):
    """A tokenizer by name, or from a file.

    `build` returns the library's tokenizer for some sentences. A tokenizer without a vocabulary
    takes it from these sentences, with ids in order of appearance.
    """

    name: str
    summary: str
    build: TokenizerBuilder

    def encode(self, text: str, pair: str | None = None) -> Encoding:
        """Tokens of a sentence, or of a sentence pair.

        Offsets count characters. The second sentence is segment 1; its offsets and word indices
        start at 0 again. Special tokens have the segment that the tokenizer assigns to them.
        Raises MisuseError for an empty sentence, InvalidInputError for one that is not Unicode
        text or that the tokenizer fails on.
        """
        texts = (text,) if pair is None else (text, pair)
        for sentence, which in zip(texts, ("sentence", "second sentence"), strict=False):
            check_text(sentence, which)
        with translate_errors(self.name):
            tokenizer = self.build(texts)
            encoding = tokenizer.encode(*texts)
            spans = name_unknown(tokenizer, encoding.ids, read_spans(encoding, len(texts)))
        if not encoding.ids:
            raise MisuseError(f"tokenizer {self.name!r} finds no tokens in the sentence {text!r}")
        tokens = map(make_token, spans, make_labels(spans, texts))
        return Encoding(tuple(tokens), tuple(encoding.ids), tuple(encoding.type_ids))


def read_spans(encoding: Any, n_text: int) -> list[Span]:
    """Piece, offsets, segment and word of each token, from the library's encoding.

    Raises InvalidInputError where a post-processor has made them differ in number, or has
    given a token that is not special to no text.
    """
    columns = (
        encoding.tokens,
        encoding.offsets,
        encoding.special_tokens_mask,
        encoding.sequence_ids,
        encoding.type_ids,
        encoding.word_ids,
    )
    if len({len(encoding.ids), *map(len, columns)}) > 1:
        raise InvalidInputError(
            f"its post-processor returns {len(encoding.ids)} ids, but "
            f"{len(encoding.tokens)} pieces and {len(encoding.offsets)} offsets"
        )
    spans = [
        Span(piece, start, end, bool(special), type_id if segment is None else segment, word)
        for piece, (start, end), special, segment, type_id, word in zip(*columns, strict=True)
    ]
    for span in spans:
        if not span.special and not 0 <= span.segment < n_text:
            raise InvalidInputError(
                f"its post-processor puts the token {span.piece[:40]!r} into text {span.segment}"
            )
    return spans


def name_unknown(tokenizer: Any, ids: Sequence[int], spans: Sequence[Span]) -> list[Span]:
    """The spans with the piece of the unknown token where a text has no piece of its own.

    Unigram models report the text as the piece.
    """
    pieces = map(tokenizer.id_to_token, ids)
    return [
        span._replace(piece=piece) if piece in UNKNOWN else span
        for span, piece in zip(spans, pieces, strict=True)
    ]


def make_token(span: Span, label: str) -> Token:
    """A token with its label."""
    piece, start, end, special, segment, word = span
    return Token(piece, label, start, end, special, segment, word)


def check_text(sentence: str, which: str) -> None:
    """Raise MisuseError for an empty sentence, InvalidInputError for lone surrogates."""
    if not sentence.strip():
        raise MisuseError(f"the {which} is empty")
    try:
        sentence.encode()
    except UnicodeEncodeError as error:
        raise InvalidInputError(
            f"character {error.start} of the {which} is {sentence[error.start]!r}, a lone "
            "surrogate: the text was not valid UTF-8"
        ) from None


@contextmanager
def translate_errors(name: str) -> Iterator[None]:
    """Turn errors of the library into an InvalidInputError that names the tokenizer.

    A panic of the library is a BaseException, and the library writes a trace to the process's
    standard error first.
    """
    try:
        with silence_stderr():
            yield
    except Exception as error:
        raise InvalidInputError(
            f"tokenizer {name!r} cannot be used: {one_line_message(error)}"
        ) from None
    except BaseException as error:
        if type(error).__name__ != "PanicException":
            raise
        raise InvalidInputError(f"tokenizer {name!r} crashed: {one_line_message(error)}") from None


@contextmanager
def silence_stderr() -> Iterator[None]:
    """Redirect the process's file descriptor 2 to the null device.

    One thread at a time: of two that overlap, the second would save and restore the null device.
    """
    with STDERR_LOCK:
        try:
            saved = os.dup(2)
        except OSError:  # standard error is closed
            yield
            return
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 2)
            os.close(null)
            yield
        finally:
            os.dup2(saved, 2)
            os.close(saved)
