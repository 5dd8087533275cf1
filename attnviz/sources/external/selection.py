"""What is wanted of a file or a model that holds several things."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from attnviz.errors import MisuseError, UnknownNameError
from attnviz.lookup import plain, unknown
from attnviz.record import Record

FEW = 8  # names that a sentence can hold


class Choice(NamedTuple):
    """The place of what was chosen, and a sentence where nobody had asked."""

    place: int
    guessed: tuple[str, ...] = ()


class Wish(Record):
    """A name among several attentions, a number among several sequences, and what axes are."""

    name: str | None = None
    number: int | None = None
    axes: str | None = None

    @classmethod
    def of(cls, asked: str | int | None, axes: str | None = None) -> Wish:
        """The wish as people write it: "cross", "2" or "cross:2"."""
        if asked is None:
            return cls(axes=axes)
        text = str(asked).strip()
        name, colon, number = text.rpartition(":")
        if number.isdecimal() and number.isascii() and len(number) < 10 and (name or not colon):
            return cls(name or None, int(number), axes)
        return cls(text, None, axes)

    def named(self, names: Sequence[str]) -> Choice:
        """The place of the wanted name; without a wish, the first.

        Raises UnknownNameError for a name that is not there.
        """
        if self.name is None:
            return Choice(0, self.said(names, f"{names[0]!r} is shown"))
        wanted = [place for place, name in enumerate(names) if plain(name) == plain(self.name)]
        if not wanted:
            raise UnknownNameError(unknown(self.name, names[:FEW], "attention"))
        return Choice(wanted[0])

    def numbered(self, numbers: Sequence[int], what: str) -> Choice:
        """The place of the wanted number; without a wish, the first.

        Raises MisuseError for a number that is not there.
        """
        if self.number is None:
            return Choice(0, self.said(numbers, f"{what} {numbers[0]} is shown"))
        if self.number not in numbers:
            there = ", ".join(map(str, numbers[:FEW])) + ", …" * (len(numbers) > FEW)
            raise MisuseError(f"there is no {what} {self.number}; there are {there}")
        return Choice(numbers.index(self.number))

    @staticmethod
    def said(options: Sequence[object], shown: str) -> tuple[str, ...]:
        """What was chosen without being asked, if there was a choice."""
        if len(options) == 1:
            return ()
        some = ", ".join(map(repr, options[:FEW])) + ", …" * (len(options) > FEW)
        return (f"of {len(options)} ({some}) {shown}; say which for another",)


EAGER = (
    'ask the model for it: load it with attn_implementation="eager" and call it with '
    "output_attentions=True"
)
