"""Screen: width, color depth and character set of a console."""

from __future__ import annotations

from collections.abc import Iterator

from rich.cells import cell_len
from rich.color import ColorSystem
from rich.console import COLOR_SYSTEMS, Console, ConsoleOptions
from rich.style import Style as RichStyle
from rich.text import Text

from attnviz.core.tokens import Token
from attnviz.record import Record
from attnviz.render.safe_text import ELLIPSIS, escape_text, escape_token, to_ascii, truncate


class Screen(Record):
    """A console and its capabilities. `depth` is None without colors."""

    console: Console
    width: int
    height: int
    ascii: bool
    depth: ColorSystem | None

    @classmethod
    def of(cls, console: Console, options: ConsoleOptions, force_ascii: bool) -> Screen:
        """The capabilities that this console reports."""
        name = None if console.no_color else console.color_system
        return cls(
            console=console,
            width=options.max_width,
            height=options.size.height,
            ascii=force_ascii or options.ascii_only,
            depth=COLOR_SYSTEMS[name] if name else None,
        )

    @property
    def block_depth(self) -> ColorSystem | None:
        """The color depth of half blocks (▀); None without 256 colors: 16 are too few levels."""
        is_enough = self.depth in (ColorSystem.EIGHT_BIT, ColorSystem.TRUECOLOR)
        return self.depth if is_enough and not self.ascii else None

    def style(self, definition: str) -> RichStyle | None:
        """A rich style such as "bold"; None without colors."""
        return RichStyle.parse(definition) if self.depth else None

    def encodable(self, text: str) -> str:
        """Text in the character set of the screen."""
        return to_ascii(text) if self.ascii else text

    def escape(self, text: str) -> str:
        """Untrusted text other than a token, escaped."""
        return self.encodable(escape_text(text))

    def label(self, token: Token, width: int | None = None) -> str:
        """The escaped label of a token, truncated to `width` cells if given."""
        text = self.encodable(escape_token(token.label))
        return text if width is None else self.truncate(text, width)

    def truncate(self, text: str, width: int) -> str:
        """Text truncated to `width` cells."""
        return truncate(text, width, cell_len, self.encodable(ELLIPSIS))

    def align_left(self, text: str, width: int) -> str:
        """Text in exactly `width` cells, left-aligned."""
        text = self.truncate(text, width)
        return text + " " * (width - cell_len(text))

    def align_right(self, text: str, width: int) -> str:
        """Text in exactly `width` cells, right-aligned."""
        text = self.truncate(text, width)
        return " " * (width - cell_len(text)) + text

    def wrap(self, text: str, width: int) -> Iterator[str]:
        """Text wrapped into lines of at most `width` cells."""
        for line in Text(text).wrap(self.console, max(1, width)):
            yield line.plain.rstrip()
