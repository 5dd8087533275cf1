"""Tokenizers of untrusted files: what they may do with a text is bounded before they do it.

- Growth: a normalizer may replace "a" by "aa", forty times over. The factors of all steps are
  multiplied; where that is too much for a text, its normalizers are tried one by one.
- Time: a regular expression may take exponential time. Texts for which that is possible are
  encoded in a thread that is given up after TIME_LIMIT.
- Chance: BPE dropout, which makes tokens random, is switched off.
"""

from __future__ import annotations

import json
import warnings
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from math import prod
from threading import Thread
from typing import Any

from attnviz.errors import AttnvizWarning, InvalidInputError
from attnviz.record import Record
from attnviz.sources.tokenizing.tokenizer_growth import Step, read_steps
from attnviz.sources.tokenizing.tokenizer_template import check_templates

FREE_BYTES = 1 << 20  # that texts of any length may grow to
MAX_GROWTH = 16  # times that longer texts may grow; real tokenizers stay below 4
MAX_STEP_GROWTH = 64  # the same before a step runs: the most that real ones may do to a character
TIME_LIMIT = 10.0  # seconds
LONG_TEXT = 1000  # characters from which any regular expression may take long
LONG_WORD = 1000  # characters from which WordPiece, quadratic in them, may take long
LONG_PREFIX = 100  # characters of a mark inside of words


class Limits(Record):
    """Bounds of a tokenizer's growth and time, from the settings of its file."""

    normalizers: tuple[Step, ...]
    pre_tokenizers: tuple[Step, ...]
    decoders: tuple[Step, ...]

    @cached_property
    def has_regex(self) -> bool:
        """Whether a step matches a regular expression."""
        return any(step.has_regex for step in self.normalizers + self.pre_tokenizers)

    @cached_property
    def is_costly(self) -> bool:
        """Whether a regular expression may take exponential time."""
        return any(step.is_costly for step in self.normalizers + self.pre_tokenizers)

    @cached_property
    def split_growth(self) -> int:
        """Times that pre-tokenizers may lengthen a text."""
        return prod(step.factor for step in self.pre_tokenizers)

    @cached_property
    def growth(self) -> int:
        """Times that normalizers and pre-tokenizers may lengthen a text."""
        return self.split_growth * prod(step.factor for step in self.normalizers)

    @cached_property
    def decoder_growth(self) -> int:
        """Times that decoders may lengthen a piece."""
        return prod(step.factor for step in self.decoders)

    def check(self, texts: Iterable[str]) -> None:
        """Raise InvalidInputError where texts could become too long.

        The product of all factors is an upper bound that few texts come near, so texts beyond it
        are normalized step by step.
        """
        texts = list(texts)
        size = n_start = n_byte(texts)
        if size * self.growth <= max_size(n_start):
            return
        repeats = 1  # a text is normalized in parts between added tokens, each with the prefix
        for step in self.normalizers:
            may_be = size * step.factor * repeats
            refuse_costly(step)
            if may_be > FREE_BYTES + MAX_STEP_GROWTH * size:
                raise growth_error(step, n_start, may_be)
            if "type" not in step.document or step.document["type"] != "Sequence":
                texts = [apply_normalizer(step.document, text) for text in texts]
            size = n_byte(texts)
            repeats *= step.factor if "prepend" in step.document else 1
            if size * repeats > max_size(n_start):
                raise growth_error(step, n_start, size * repeats)
        if size * repeats * self.split_growth > max_size(n_start):
            raise growth_error(self.pre_tokenizers[-1], n_start, size * self.split_growth)


def read_limits(settings: Mapping[str, Any]) -> Limits:
    """The limits of a tokenizer; added tokens, which are normalized on loading, are checked.

    Raises InvalidInputError, with the key, for settings out of bounds.
    """
    check_templates(step[:2] for step in read_steps("post_processor", settings))
    names = ("normalizer", "pre_tokenizer", "decoder")
    limits = Limits(*(read_steps(name, settings) for name in names))
    added = settings.get("added_tokens")
    tokens = [token for token in added if isinstance(token, dict)] if added else []
    contents = [
        str(token.get("content")) for token in tokens if token.get("normalized") is not False
    ]
    limits.check(contents)
    for step in limits.normalizers if contents else ():
        refuse_costly(step)
        if step.has_regex and max(map(len, contents)) > LONG_TEXT:
            raise InvalidInputError(f"added_tokens has one of more than {LONG_TEXT:,} characters")
    return limits


def refuse_costly(step: Step) -> None:
    """Raise InvalidInputError for a regular expression where its time cannot be limited."""
    if step.is_costly:
        raise InvalidInputError(f"{step.path}.pattern may take exponential time")


def growth_error(step: Step, n_start: int, n_byte: int) -> InvalidInputError:
    """The error for a step that could make a text too long."""
    return InvalidInputError(
        f"{step.path} could turn {n_start:,} bytes of text into {n_byte:,}; at most "
        f"{max_size(n_start):,} are allowed"
    )


def max_size(n_byte: int) -> int:
    """Bytes that a text of n_byte bytes may grow to."""
    return FREE_BYTES + MAX_GROWTH * n_byte


def n_byte(texts: Iterable[str]) -> int:
    """Bytes of all texts."""
    return sum(len(text.encode(errors="replace")) for text in texts)


def apply_normalizer(document: Mapping[str, Any], text: str) -> str:
    """A text after one normalizer, given as its JSON object."""
    from tokenizers import Tokenizer

    model = {"type": "WordLevel", "vocab": {"": 0}, "unk_token": ""}
    tokenizer = Tokenizer.from_str(json.dumps({"normalizer": document, "model": model}))
    return tokenizer.normalizer.normalize_str(text)


class LimitedTokenizer:
    """A tokenizer of the library within its limits, with the methods that are used of it."""

    def __init__(self, name: str, library: Any, limits: Limits) -> None:
        self.name, self.library, self.limits = name, library, limits
        self.id_to_token = library.id_to_token
        self.is_stuck = False
        model = library.model
        marks = ("continuing_subword_prefix", "end_of_word_suffix")
        self.is_slow = (
            limits.is_costly
            or (getattr(model, "max_input_chars_per_word", 0) or 0) > LONG_WORD
            or any(len(getattr(model, mark, None) or "") > LONG_PREFIX for mark in marks)
        )

    def encode(self, *texts: str) -> Any:
        """The library's encoding of a text or a pair of texts."""
        self.limits.check(texts)
        n_character = sum(map(len, texts))
        if self.is_slow or (self.limits.has_regex and n_character > LONG_TEXT):
            return self.encode_in_time(texts)
        return self.library.encode(*texts)

    def encode_in_time(self, texts: Sequence[str]) -> Any:
        """The encoding, given up after TIME_LIMIT.

        Only `encode_batch` lets other threads run meanwhile. A thread cannot be stopped, so
        after it was given up once, the tokenizer is not used again.
        """
        results: list[Any] = []
        errors: list[BaseException] = []

        def run() -> None:
            try:
                results.extend(self.library.encode_batch([texts[0] if len(texts) < 2 else texts]))
            except BaseException as error:  # a panic of the library is not an Exception
                errors.append(error)

        if not self.is_stuck:
            thread = Thread(target=run, daemon=True)
            thread.start()
            thread.join(TIME_LIMIT)
            self.is_stuck = thread.is_alive()
        if self.is_stuck:
            raise InvalidInputError(
                f"its pre-tokenizer or model takes more than {TIME_LIMIT:g} s for this text"
            )
        if errors:
            raise errors[0]
        return results[0]

    def decode(self, ids: list[int]) -> str:
        """The text of token ids, special tokens included."""
        size = n_byte(self.library.id_to_token(token_id) or "" for token_id in ids)
        for step in self.limits.decoders:
            refuse_costly(step)
        if size * self.limits.decoder_growth > FREE_BYTES:
            raise growth_error(self.limits.decoders[0], size, size * self.limits.decoder_growth)
        return self.library.decode(ids, skip_special_tokens=False)

    def switch_off_settings(self) -> None:
        """Switch off dropout, padding and truncation, which the file may ask for.

        Padding to a huge length would exhaust memory, truncation would drop tokens.
        """
        self.library.no_padding()
        self.library.no_truncation()
        if getattr(self.library.model, "dropout", None):
            self.library.model.dropout = None
            warnings.warn(
                f"tokenizer {self.name!r} has a BPE dropout, which makes tokens random; it is "
                "switched off",
                AttnvizWarning,
                stacklevel=2,
            )
