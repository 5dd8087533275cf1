"""A tokenizer as attnviz uses it: text in, tokens and ids out."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from threading import RLock
from typing import Any, NamedTuple, TypeAlias

from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError, MisuseError
from attnviz.record import Record
from attnviz.sources.tokenizing.labels import Span, labels

ONE_AT_A_TIME = RLock()

Build: TypeAlias = Callable[[Sequence[str]], Any]  # sentences -> tokenizers.Tokenizer


class Encoding(NamedTuple):
    """A text as tokens, and the number of each in the tokenizer's vocabulary."""

    tokens: tuple[Token, ...]
    ids: tuple[int, ...]


class TextTokenizer(Record):
    """A row of the table of tokenizers, or a file.

    `build` gives the tokenizer for some sentences; those without a vocabulary of their own
    take it from these, and number their pieces as they come.
    """

    name: str
    summary: str
    build: Build

    def encode(self, text: str, pair: str | None = None) -> Encoding:
        """Tokens of a sentence, or of a pair of sentences.

        Offsets count characters; those of the second sentence start at 0 again, with segment
        1, and so do its words. Special tokens belong to the segment the tokenizer gives them.
        Raises MisuseError for a sentence without words, InvalidInputError for one that is not
        Unicode text or that the tokenizer fails on.
        """
        texts = (text,) if pair is None else (text, pair)
        for sentence, which in zip(texts, ("sentence", "second sentence"), strict=False):
            refuse_unreadable(sentence, which)
        with failures(self.name):
            encoding = self.build(texts).encode(*texts)
        if not encoding.ids:
            raise MisuseError(f"tokenizer {self.name!r} makes no token of the sentence {text!r}")
        spans = spans_of(encoding)
        tokens = map(token, spans, labels(spans, texts))
        return Encoding(tuple(tokens), tuple(encoding.ids))


def spans_of(encoding: Any) -> list[Span]:
    """What the library says of each token."""
    columns = zip(
        encoding.tokens,
        encoding.offsets,
        encoding.special_tokens_mask,
        encoding.sequence_ids,
        encoding.type_ids,
        encoding.word_ids,
        strict=True,
    )
    return [
        Span(piece, start, end, bool(special), of_type if segment is None else segment, word)
        for piece, (start, end), special, segment, of_type, word in columns
    ]


def token(span: Span, label: str) -> Token:
    """A token that can be shown."""
    piece, start, end, special, segment, word = span
    return Token(piece, label, start, end, special, segment, word)


def refuse_unreadable(sentence: str, which: str) -> None:
    """Refuse a sentence that has no words, or characters that no file could hold."""
    if not sentence.strip():
        raise MisuseError(f"the {which} is empty: write at least one word")
    try:
        sentence.encode()
    except UnicodeEncodeError as problem:
        raise InvalidInputError(
            f"character {problem.start} of the {which} is {sentence[problem.start]!r}, half of "
            "a pair: the text was not UTF-8 where it came from"
        ) from None


@contextmanager
def failures(name: str) -> Iterator[None]:
    """Turn what goes wrong inside the library into one line about the tokenizer.

    A panic of the library is no Exception, and the library writes its own trace to the
    process's standard error before Python hears of it: nobody should have to read that.
    """
    try:
        with silent_stderr():
            yield
    except Exception as problem:
        raise InvalidInputError(f"tokenizer {name!r} cannot be used: {problem}") from None
    except BaseException as problem:
        if type(problem).__name__ != "PanicException":
            raise
        raise InvalidInputError(f"tokenizer {name!r} broke down: {problem}") from None


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Nothing reaches the process's standard error, neither from Python nor from below it.

    One thread at a time: two that overlap would give each other's silence back.
    """
    with ONE_AT_A_TIME:
        try:
            kept = os.dup(2)
        except OSError:  # it is closed already
            yield
            return
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, 2)
            os.close(nowhere)
            yield
        finally:
            os.dup2(kept, 2)
            os.close(kept)
