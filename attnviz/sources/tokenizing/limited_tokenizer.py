"""Tokenizers of untrusted files: what they may do with a text is bounded before they do it.

- Growth: a normalizer may replace "a" by "aa", forty times over. The factors of all steps are
  multiplied; a text for which that is too much is encoded in a limited child process.
- Time: a regular expression may take exponential time. Texts for which that is possible are
  encoded in the child process too.
- Chance: BPE dropout, which makes tokens random, is switched off.
"""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from functools import cached_property
from math import prod
from threading import RLock
from types import SimpleNamespace
from typing import TYPE_CHECKING, Any

from attnviz.errors import AttnvizWarning, InvalidInputError
from attnviz.record import Record
from attnviz.sources.tokenizing.child_worker import COLUMNS, switch_off_settings
from attnviz.sources.tokenizing.tokenizer_growth import Step, read_steps
from attnviz.sources.tokenizing.tokenizer_template import check_templates
from attnviz.sources.tokenizing.vocabulary_size import MAX_PIECES

if TYPE_CHECKING:
    from attnviz.sources.tokenizing.child_process import ChildTokenizer

FREE_BYTES = 1 << 20  # that texts of any length may grow to
MAX_GROWTH = 16  # times that longer texts may grow; real tokenizers stay below 4
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

    def is_bounded(self, texts: Iterable[str]) -> bool:
        """Whether texts stay short, whatever they are: the product of all factors says so."""
        size = n_byte(texts)
        return size * self.growth <= max_size(size)


def read_limits(settings: Mapping[str, Any]) -> Limits:
    """The limits of a tokenizer; added tokens, which are normalized on loading, are checked.

    Raises InvalidInputError, with the key, for settings out of bounds.
    """
    check_templates(step[:2] for step in read_steps("post_processor", settings))
    names = ("normalizer", "pre_tokenizer", "decoder")
    limits = Limits(*(read_steps(name, settings) for name in names))
    check_added(settings.get("added_tokens"), limits)
    return limits


def check_added(added: Any, limits: Limits) -> None:
    """Raise InvalidInputError for added tokens that take too much memory or time to load.

    The library builds an automaton of them, and normalizes them first.
    """
    if added is not None and not isinstance(added, list):
        raise InvalidInputError("added_tokens should be a list")
    tokens = [token for token in added or () if isinstance(token, dict)]
    total = n_byte(str(token.get("content")) for token in tokens)
    if total > MAX_PIECES:
        raise InvalidInputError(
            f"added_tokens has contents of {total:,} bytes; at most {MAX_PIECES:,} are allowed"
        )
    contents = [
        str(token.get("content")) for token in tokens if token.get("normalized") is not False
    ]
    size = n_byte(contents)
    allowed = min(MAX_PIECES, max_size(size))
    if size * limits.growth > allowed:
        step = (limits.normalizers + limits.pre_tokenizers)[0]
        raise growth_error(step, size, size * limits.growth, allowed)
    for step in limits.normalizers if contents else ():
        refuse_costly(step)
        if step.has_regex and max(map(len, contents)) > LONG_TEXT:
            raise InvalidInputError(f"added_tokens has one of more than {LONG_TEXT:,} characters")


def refuse_costly(step: Step) -> None:
    """Raise InvalidInputError for a regular expression where its time cannot be limited."""
    if step.is_costly:
        raise InvalidInputError(f"{step.path}.pattern may take exponential time")


def growth_error(step: Step, n_start: int, n_byte: int, allowed: int) -> InvalidInputError:
    """The error for a step that could make a text too long."""
    return InvalidInputError(
        f"{step.path} could turn {n_start:,} bytes of text into {n_byte:,}; at most "
        f"{allowed:,} are allowed"
    )


def max_size(n_byte: int) -> int:
    """Bytes that a text of n_byte bytes may grow to."""
    return FREE_BYTES + MAX_GROWTH * n_byte


def n_byte(texts: Iterable[str]) -> int:
    """Bytes of all texts."""
    return sum(len(text.encode(errors="replace")) for text in texts)


class LimitedTokenizer:
    """A tokenizer of the library within its limits, with the methods that are used of it."""

    def __init__(self, name: str, library: Any, limits: Limits, content: bytes) -> None:
        self.name, self.library, self.limits = name, library, limits
        self.content = content
        self.lock = RLock()
        self.made_child: ChildTokenizer | None = None
        self.id_to_token, self.token_to_id = library.id_to_token, library.token_to_id
        model = library.model
        marks = ("continuing_subword_prefix", "end_of_word_suffix")
        self.is_slow = (
            limits.is_costly
            or (getattr(model, "max_input_chars_per_word", 0) or 0) > LONG_WORD
            or any(len(getattr(model, mark, None) or "") > LONG_PREFIX for mark in marks)
        )

    @property
    def child(self) -> ChildTokenizer:
        """The same tokenizer in a limited process, one for all threads.

        Its modules are imported when it is needed.
        """
        from attnviz.sources.tokenizing.child_process import ChildTokenizer

        with self.lock:
            if self.made_child is None:
                self.made_child = ChildTokenizer(self.content)
            return self.made_child

    @property
    def special_tokens(self) -> frozenset[str]:
        """The control tokens: added tokens that the file marks as special."""
        added = self.library.get_added_tokens_decoder().values()
        return frozenset(token.content for token in added if token.special)

    def encode(self, *texts: str, add_special_tokens: bool = True) -> Any:
        """The library's encoding of a text or a pair of texts.

        Without `add_special_tokens`, the post-processor adds none.
        """
        is_long = sum(map(len, texts)) > LONG_TEXT
        if (
            self.is_slow
            or (self.limits.has_regex and is_long)
            or not self.limits.is_bounded(texts)
        ):
            columns = self.child.encode(texts, add_special_tokens=add_special_tokens)
            return SimpleNamespace(**dict(zip(COLUMNS, columns, strict=True)))
        return self.library.encode(*texts, add_special_tokens=add_special_tokens)

    def decode(self, ids: list[int]) -> str:
        """The text of token ids, special tokens included."""
        size = n_byte(self.library.id_to_token(token_id) or "" for token_id in ids)
        for step in self.limits.decoders:
            refuse_costly(step)
        grown = size * self.limits.decoder_growth
        if grown > FREE_BYTES:
            raise growth_error(self.limits.decoders[0], size, grown, FREE_BYTES)
        return self.library.decode(ids, skip_special_tokens=False)

    def switch_off_settings(self) -> None:
        """Switch off padding, truncation and dropout; a warning states dropout."""
        if switch_off_settings(self.library):
            warnings.warn(
                f"tokenizer {self.name!r} has a BPE dropout, which makes tokens random; it is "
                "switched off",
                AttnvizWarning,
                stacklevel=2,
            )
