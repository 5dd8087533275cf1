"""Grammar of parts on the command line: causal & (window(8) | ~padding), alibi + softcap(30).

    mask  :=  term ("|" term)*          term  :=  factor ("&" factor)*
    factor := "~" factor | "(" mask ")" | part
    list   := part ("+" part)*
    part   := name [ "(" value or tunable=value, … ")" ]

Nothing is evaluated: names are looked up in the registry, values are converted to the type of
their tunable. Errors point at the character.
"""

from __future__ import annotations

import re
from dataclasses import MISSING, fields
from typing import Any, TypeVar

from attnviz.core.biases import Bias
from attnviz.core.masks import Mask
from attnviz.core.part import Part, coerce
from attnviz.core.registry import find_part
from attnviz.errors import GrammarError, MisuseError

MAX_LENGTH = 1000
MAX_DEPTH = 50
TOKEN = re.compile(
    r"\s*(?:(?P<name>[A-Za-z][\w.-]*)|(?P<number>[+-]?(?:\d+\.?\d*|\.\d+)(?:e[+-]?\d+)?)|(?P<sign>[()&|~+,=]))",
    re.ASCII,
)
LABELS = {"normalize": "normalizer", "position": "position encoding", "heads": "head layout"}
OPERATORS = {"mask": "; masks are joined by & or |", "bias": "; biases are joined by +"}

Kind = TypeVar("Kind", bound=Part)


def parse_mask(text: str) -> Mask:
    """A mask of named masks, & (and), | (or) and ~ (not).

    Raises GrammarError.

    >>> print(parse_mask("causal & ~window(2)"))
    causal & ~window(2)
    """
    parser = Parser("mask", text)
    return parser.finish(parser.parse_mask(0))


def parse_biases(text: str) -> tuple[Bias, ...]:
    """Biases in the order in which they act, joined by +.

    Raises GrammarError.

    >>> print(*parse_biases("alibi + softcap(30)"))
    alibi softcap(30)
    """
    parser = Parser("bias", text)
    biases = [parser.parse_part()]
    while parser.accept("+"):
        biases.append(parser.parse_part())
    return parser.finish(tuple(biases))


def parse_part(slot: str, text: str) -> Any:
    """One part for a slot: rope(base=500000), entmax(1.5).

    Raises GrammarError.
    """
    parser = Parser(slot, text)
    return parser.finish(parser.parse_part())


class Parser:
    """Recursive descent over one expression, from left to right."""

    def __init__(self, slot: str, text: str) -> None:
        self.slot, self.text, self.position = slot, text, 0
        self.label = LABELS.get(slot, slot)
        if len(text) > MAX_LENGTH:
            raise GrammarError(
                f"the {self.label} has {len(text)} characters; {MAX_LENGTH} are allowed"
            )

    def parse_mask(self, depth: int) -> Any:
        """term ("|" term)*"""
        mask = self.parse_term(depth)
        while self.accept("|"):
            mask = mask | self.parse_term(depth)
        return mask

    def parse_term(self, depth: int) -> Any:
        """factor ("&" factor)*"""
        mask = self.parse_factor(depth)
        while self.accept("&"):
            mask = mask & self.parse_factor(depth)
        return mask

    def parse_factor(self, depth: int) -> Any:
        """ "~" factor | "(" mask ")" | part"""
        if depth > MAX_DEPTH:
            raise self.error(f"more than {MAX_DEPTH} levels deep")
        if self.accept("~"):
            return ~self.parse_factor(depth + 1)
        if self.accept("("):
            mask = self.parse_mask(depth + 1)
            self.expect(")")
            return mask
        return self.parse_part()

    def parse_part(self) -> Any:
        """name [ "(" arguments ")" ]"""
        start = self.next_position()
        name = self.read_word("name", f"the name of a {self.label}")
        try:
            kind = find_part(self.slot, name)
        except MisuseError as error:
            raise self.error(str(error), start) from None
        values = self.parse_arguments(kind) if self.accept("(") else {}
        try:
            return kind(**values)
        except MisuseError as error:
            raise self.error(str(error), start) from None

    def parse_arguments(self, kind: type[Part]) -> dict[str, Any]:
        """value or tunable=value, separated by commas, up to the closing parenthesis"""
        defaults = {f.name: f.default for f in fields(kind)}
        values: dict[str, Any] = {}
        while not self.accept(")"):
            if values:
                self.expect(",")
            start = self.next_position()
            name, text = self.parse_argument()
            if not name:
                remaining = [n for n in defaults if n not in values]
                if not remaining:
                    values_word = "value" if len(defaults) == 1 else "values"
                    raise self.error(f"{kind.name} takes {len(defaults)} {values_word}", start)
                name = remaining[0]
            name = kind.tunable_aliases.get(name, name)
            if name not in defaults or defaults[name] is MISSING:
                tunables = ", ".join(defaults) or "none"
                raise self.error(
                    f"{kind.name} has no tunable {name!r}; its tunables: {tunables}", start
                )
            try:
                values[name] = coerce(defaults[name], text, name)
            except MisuseError as error:
                raise self.error(str(error), start) from None
        return values

    def parse_argument(self) -> tuple[str, str]:
        """The name of a tunable ("" where it is omitted) and its value."""
        first = self.read_word("value", "a value")
        if self.accept("="):
            return first.replace("-", "_"), self.read_word("value", "a value")
        return "", first

    def next_position(self) -> int:
        """The position of the next character that is no space."""
        rest = self.text[self.position :]
        return self.position + len(rest) - len(rest.lstrip())

    def read_word(self, kind: str, expected: str) -> str:
        """Read the next word, which must be a name, or for a value a name or number."""
        match = TOKEN.match(self.text, self.position)
        word = match and (match["name"] or (kind == "value" and match["number"]))
        if not match or not word:
            raise self.error(f"expected {expected}")
        self.position = match.end()
        return str(word)

    def accept(self, sign: str) -> bool:
        """Read the sign if it comes next; returns whether it did."""
        start = self.next_position()
        if self.text[start : start + 1] != sign:
            return False
        self.position = start + 1
        return True

    def expect(self, sign: str) -> None:
        """Read the sign, which must come next."""
        if not self.accept(sign):
            raise self.error(f"expected {sign!r}")

    def finish(self, result: Kind | Any) -> Any:
        """The result, if the whole text has been read."""
        if self.text[self.position :].strip():
            raise self.error(f"unexpected text{OPERATORS.get(self.slot, '')}")
        return result

    def error(self, problem: str, position: int | None = None) -> GrammarError:
        """The error for a problem, with a mark below the character."""
        position = self.next_position() if position is None else position
        if self.text.isprintable():
            where = f"\n  {self.text}\n  {' ' * position}^"
        else:
            where = f" in {self.text.encode('unicode_escape').decode()}"
        return GrammarError(
            f"cannot parse the {self.label}, character {position + 1}: {problem}{where}"
        )
