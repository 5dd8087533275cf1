"""Listings in the terminal: tables of rows, and the facts of one item."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from attnviz.record import Record
from attnviz.render.safe_text import escape_text


class Listing(Record):
    """A table; the columns named in `numbers` are right-aligned and never wrapped."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[str] = ()
    note: str = ""
    subtitle: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.title:
            yield Text(escape_text(self.title), style="bold")
        if self.subtitle:
            yield Text(escape_text(self.subtitle))
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        for name in self.columns:
            is_number = name in self.numbers
            table.add_column(
                name,
                justify="right" if is_number else "left",
                no_wrap=is_number,
                overflow="fold",
            )
        for row in self.rows:
            table.add_row(*(Text(escape_text(cell)) for cell in row))
        yield table
        if self.note:
            yield Text("\n" + escape_text(self.note), style="dim")


class Facts(Record):
    """The facts of one item, one per line, long ones wrapped."""

    title: str
    facts: Sequence[tuple[str, str]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(escape_text(self.title), style="bold cyan")
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, text in self.facts:
            table.add_row(name, Text(escape_text(text)))
        yield table
