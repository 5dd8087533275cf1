"""The small language of the command line: causal & (window(8) | ~padding), alibi + softcap(30).

    mask  :=  term ("|" term)*          term  :=  factor ("&" factor)*
    factor := "~" factor | "(" mask ")" | part
    list   := part ("+" part)*
    part   := name [ "(" value or field=value, … ")" ]

Nothing is evaluated: names are looked up in the tables of parts, values are read as the type
that the part's field has. Errors point at the character.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from attnviz.core.biases import Bias
from attnviz.core.masks import Mask
from attnviz.core.part import Part, like
from attnviz.core.registry import find_part
from attnviz.errors import GrammarError, MisuseError

LONGEST = 1000
DEEPEST = 50
WORD = re.compile(
    r"\s*(?:(?P<name>[A-Za-z][\w.-]*)|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|(?P<sign>[()&|~+,=]))",
    re.ASCII,
)

Kind = TypeVar("Kind", bound=Part)


def parse_mask(text: str) -> Mask:
    """A mask as one writes it.

    >>> print(parse_mask("causal & ~window(2)"))
    causal & ~window(2)
    """
    reader = Reader("mask", text)
    return reader.whole(reader.mask(0))


def parse_biases(text: str) -> tuple[Bias, ...]:
    """Biases in the order in which they act, joined by +.

    >>> print(*parse_biases("alibi + softcap(30)"))
    alibi softcap(30)
    """
    reader = Reader("bias", text)
    found = [reader.part()]
    while reader.take("+"):
        found.append(reader.part())
    return reader.whole(tuple(found))


def parse_part(slot: str, text: str) -> Any:
    """One part for a slot: rope(base=500000), entmax(1.5)."""
    reader = Reader(slot, text)
    return reader.whole(reader.part())


class Reader:
    """Reads one expression from left to right."""

    def __init__(self, slot: str, text: str) -> None:
        self.slot, self.text, self.at = slot, text, 0
        if len(text) > LONGEST:
            raise GrammarError(f"the {slot} has {len(text)} characters; {LONGEST} are allowed")

    def mask(self, depth: int) -> Any:
        """term ("|" term)*"""
        made = self.term(depth)
        while self.take("|"):
            made = made | self.term(depth)
        return made

    def term(self, depth: int) -> Any:
        """factor ("&" factor)*"""
        made = self.factor(depth)
        while self.take("&"):
            made = made & self.factor(depth)
        return made

    def factor(self, depth: int) -> Any:
        """ "~" factor | "(" mask ")" | part"""
        if depth > DEEPEST:
            raise self.error(f"more than {DEEPEST} levels deep")
        if self.take("~"):
            return ~self.factor(depth + 1)
        if self.take("("):
            made = self.mask(depth + 1)
            self.expect(")")
            return made
        return self.part()

    def part(self) -> Any:
        """name [ "(" arguments ")" ]"""
        start = self.place()
        name = self.read("name", f"a {self.slot} by name")
        try:
            kind = find_part(self.slot, name)
        except MisuseError as error:
            raise self.error(str(error), start) from None
        values = self.arguments(kind) if self.take("(") else {}
        try:
            return kind(**values)
        except MisuseError as error:
            raise self.error(str(error), start) from None

    def arguments(self, kind: type[Part]) -> dict[str, Any]:
        """value or field=value, separated by commas, up to the closing parenthesis"""
        defaults = {f.name: f.default for f in fields(kind)}
        values: dict[str, Any] = {}
        while not self.take(")"):
            if values:
                self.expect(",")
            start = self.place()
            name, text = self.argument()
            if not name:
                left = [n for n in defaults if n not in values]
                if not left:
                    raise self.error(f"{kind.name} takes {len(defaults)} values", start)
                name = left[0]
            name = kind.tunable_aliases.get(name, name)
            if name not in defaults or defaults[name] is MISSING:
                has = ", ".join(defaults) or "no fields"
                raise self.error(f"{kind.name} has no field {name!r}; it has {has}", start)
            try:
                values[name] = like(defaults[name], text, name)
            except MisuseError as error:
                raise self.error(str(error), start) from None
        return values

    def argument(self) -> tuple[str, str]:
        """A value, with its field's name where one was written."""
        first = self.read("value", "a value")
        return (
            (first.replace("-", "_"), self.read("value", "a value"))
            if self.take("=")
            else ("", first)
        )

    def place(self) -> int:
        """Where the next word begins."""
        rest = self.text[self.at :]
        return self.at + len(rest) - len(rest.lstrip())

    def read(self, kind: str, wanted: str) -> str:
        """The next word, which must be a name, or a name or number."""
        found = WORD.match(self.text, self.at)
        word = found and (found["name"] or (kind == "value" and found["number"]))
        if not found or not word:
            raise self.error(f"here should be {wanted}")
        self.at = found.end()
        return str(word)

    def take(self, sign: str) -> bool:
        """Whether this sign comes next; if so, it is read."""
        start = self.place()
        if self.text[start : start + 1] != sign:
            return False
        self.at = start + 1
        return True

    def expect(self, sign: str) -> None:
        """This sign must come next."""
        if not self.take(sign):
            raise self.error(f"here should be {sign!r}")

    def whole(self, made: Kind | Any) -> Any:
        """What was made, if nothing is left to read."""
        if self.text[self.at :].strip():
            raise self.error("this is left over")
        return made

    def error(self, says: str, at: int | None = None) -> GrammarError:
        """What is wrong, with a mark below the character."""
        at = self.place() if at is None else at
        shown = (
            self.text.encode("unicode_escape").decode()
            if not self.text.isprintable()
            else self.text
        )
        pointer = f"\n  {shown}\n  {' ' * at}^" if shown == self.text else f" in {shown}"
        return GrammarError(f"cannot read the {self.slot}, character {at + 1}: {says}{pointer}")
