"""Outcomes: the results of a sentence in a batch, or its error, with the notes about it."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple, Protocol, TypeVar

from attnviz.cli.input.sentence import Sentence
from attnviz.errors import AttnvizError, AttnvizWarning, CouldNotError, command_line_messages

Result = TypeVar("Result")


class Job(Protocol):
    """What is done with each sentence; a plain value, which other processes can run too."""

    def __call__(self, sentence: Sentence) -> Sequence[Any]:
        """The results of a sentence, one per target."""


class Item(NamedTuple):
    """A sentence, its number, counted from 1, and for each writer whether it lacks this one."""

    number: int
    sentence: Sentence
    is_missing: list[bool]


class Outcome(NamedTuple):
    """The result of a sentence: data for each target, or an error; and notes."""

    data: Sequence[Any]
    error: AttnvizError | None = None
    notes: tuple[str, ...] = ()


@contextmanager
def record_notes(notes: list[str]) -> Iterator[None]:
    """Append the warnings of this package to a list, in the words of the command line."""
    with warnings.catch_warnings(), command_line_messages():
        warnings.simplefilter("always", AttnvizWarning)
        warnings.showwarning = lambda message, *_, **__: notes.append(str(message))
        yield


def attempt(action: Callable[[], Result], notes: list[str]) -> Result | AttnvizError:
    """The result of an action for one sentence, or its error; its notes are appended to a list."""
    with record_notes(notes):
        try:
            return action()
        except AttnvizError as error:
            return error
        except MemoryError:
            return CouldNotError("not enough memory for this sentence")


def run_job(job: Job, sentence: Sentence) -> Outcome:
    """The outcome of one sentence; errors are returned, so that the others can go on."""
    if sentence.error is not None:
        return Outcome([], sentence.error)
    notes: list[str] = []
    return to_outcome(attempt(lambda: job(sentence), notes), notes)


def to_outcome(result: Sequence[Any] | AttnvizError, notes: list[str]) -> Outcome:
    """The outcome of a sentence, of its results or its error."""
    if isinstance(result, AttnvizError):
        return Outcome([], result, tuple(notes))
    return Outcome(result, None, tuple(notes))
