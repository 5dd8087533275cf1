"""Selection of one attention and one batch item, where a source holds several."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

from attnviz.errors import MisuseError, UnknownNameError
from attnviz.lookup import normalize_name, unknown_name_message
from attnviz.record import Record
from attnviz.sources.external.frame_times import check_seconds

if TYPE_CHECKING:
    from attnviz.core.masks import Mask

LAYOUTS = ("band", "full")
FEW = 8  # options listed in a message


class Choice(NamedTuple):
    """The position of the chosen option, and a sentence if it was chosen by default."""

    position: int
    guesses: tuple[str, ...] = ()


class Item(NamedTuple):
    """The bytes of one of several texts in a file: its id if it has one, and where it is."""

    id: str | None
    where: str
    data: bytes


class Selection(Record):
    """What is read of a source, and how; None leaves the choice to the reader.

    The name of one attention, the number of one batch item, the order of the axes; the flags of
    an attention mask; a mask over pairs; `softmax`: the values are scores; `trim_padding`:
    padding at the ends is left out; `document_end`: the token that ends each of several texts;
    `layout`: "band" for keys that are offsets from the query, "full" for keys that are tokens;
    `key_times`: the seconds between two keys, which are frames.
    """

    name: str | None = None
    number: int | None = None
    axes: str | None = None
    attention_mask: Any = None
    mask: Mask | None = None
    softmax: bool = False
    trim_padding: bool = False
    document_end: str | None = None
    layout: str | None = None
    key_times: float | None = None

    @classmethod
    def parse(
        cls,
        which: str | int | None,
        axes: str | None = None,
        *,
        mask: str | Mask | None = None,
        **others: Any,
    ) -> Selection:
        """The selection that "cross", "2" or "cross:2" stands for, and `others` as they are.

        Raises GrammarError for a mask expression that cannot be parsed, UnknownNameError for a
        layout that does not exist.
        """
        if others.get("layout") not in (None, *LAYOUTS):
            raise UnknownNameError(unknown_name_message(others["layout"], LAYOUTS, "layout"))
        check_seconds(others.get("key_times"))
        if isinstance(mask, str):
            from attnviz.core.compose.grammar import parse_mask

            mask = parse_mask(mask)
        return replace(cls.parse_which(which), axes=axes, mask=mask, **others)

    @classmethod
    def parse_which(cls, which: str | int | None) -> Selection:
        """The attention and the batch item that "cross", "2" or "cross:2" stands for."""
        if which is None:
            return cls()
        text = str(which).strip()
        name, colon, number = text.rpartition(":")
        if number.isdecimal() and number.isascii() and len(number) < 10 and (name or not colon):
            return cls(name or None, int(number))
        return cls(text)

    def choose_name(self, names: Sequence[str]) -> Choice:
        """The index of the selected name; without a selection, the first.

        Raises UnknownNameError for a name that is not among them.
        """
        if self.name is None:
            shown = names[: FEW + 2]  # the first, a few others, and one that is not listed
            return Choice(0, default_note("", [f"{name!r:.80}" for name in shown]))
        matches = [
            index
            for index, name in enumerate(names)
            if normalize_name(name) == normalize_name(self.name)
        ]
        if not matches:
            options = [ascii(name)[1:-1][:80] for name in names[:FEW]]
            raise UnknownNameError(unknown_name_message(self.name, options, "attention"))
        return Choice(matches[0])

    def choose_index(self, numbers: Sequence[int], what: str, *, default: int = 0) -> Choice:
        """The index of the selected number; without a selection, the one at `default`.

        Raises MisuseError for a number that is not among them.
        """
        if self.number is None:
            is_count = all(number == index for index, number in enumerate(numbers))
            note = default_note(f"{what} ", numbers, default, is_count=is_count)
            return Choice(default, note)
        if self.number not in numbers:
            options = join_options(numbers)
            raise MisuseError(f"there is no {what} {self.number}; choose from {options}")
        return Choice(numbers.index(self.number))


def default_note(
    what: str, options: Sequence[Any], index: int = 0, *, is_count: bool = False
) -> tuple[str, ...]:
    """A sentence that one option is shown, if there are others; `is_count`: 0, 1, 2…"""
    if len(options) == 1:
        return ()
    rest = (
        f"of {len(options)}"
        if is_count
        else f"(also: {join_options([*options[:index], *options[index + 1 :]])})"
    )
    return (f"showing {what}{options[index]} {rest}; choose with --which",)


def join_options(options: Sequence[Any]) -> str:
    """The first few options, separated by commas."""
    return ", ".join(map(str, options[:FEW])) + ", …" * (len(options) > FEW)


EAGER = 'load the model with attn_implementation="eager" and call it with output_attentions=True'
