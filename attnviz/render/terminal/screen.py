"""What the place of output can show: how wide, how many colours, which characters."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console, ConsoleOptions
from rich.style import Style as Look
from rich.text import Text

from attnviz.core.tokens import Token
from attnviz.record import Record
from attnviz.render.safe_text import CUT, ascii_only, fitted, one_line, printable


class Screen(Record):
    """A console as the views see it. `depth` is None where there are no colours."""

    console: Console
    width: int
    height: int
    ascii: bool
    depth: ColorSystem | None

    @classmethod
    def of(cls, console: Console, options: ConsoleOptions, ascii_asked: bool) -> Screen:
        """What this console says it can do."""
        name = None if console.no_color else console.color_system
        return cls(
            console=console,
            width=options.max_width,
            height=options.size.height,
            ascii=ascii_asked or options.ascii_only,
            depth=COLOR_SYSTEMS[name] if name else None,
        )

    @property
    def block_depth(self) -> ColorSystem | None:
        """The colours ▀ can show two weights in, or None: 16 are too few steps."""
        enough = self.depth in (ColorSystem.EIGHT_BIT, ColorSystem.TRUECOLOR)
        return self.depth if enough and not self.ascii else None

    def look(self, words: str) -> Look | None:
        """A style such as "bold", where there are styles at all."""
        return Look.parse(words) if self.depth else None

    def words(self, text: str) -> str:
        """Text in the characters there are."""
        return ascii_only(text) if self.ascii else text

    def foreign(self, text: str) -> str:
        """Text from outside that is no token, made harmless."""
        return self.words(one_line(text))

    def label(self, token: Token, width: int | None = None) -> str:
        """What people see of a token, cut to a width where one is given."""
        text = self.words(printable(token.label))
        return text if width is None else self.fit(text, width)

    def fit(self, text: str, width: int) -> str:
        """Text in at most `width` cells."""
        return fitted(text, width, cell_len, self.words(CUT))

    def left(self, text: str, width: int) -> str:
        """Text in exactly `width` cells, at their left end."""
        text = self.fit(text, width)
        return text + " " * (width - cell_len(text))

    def right(self, text: str, width: int) -> str:
        """Text in exactly `width` cells, at their right end."""
        text = self.fit(text, width)
        return " " * (width - cell_len(text)) + text

    def wrap(self, text: str, width: int) -> Iterator[str]:
        """Text in lines of at most `width` cells."""
        for line in Text(text).wrap(self.console, max(1, width)):
            yield line.plain.rstrip()
