"""A plain table in the terminal: one thing a line."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from attnviz.record import Record
from attnviz.render.safe_text import one_line


class Listing(Record):
    """Titled columns; those named in `numbers` stand right and are never broken."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    numbers: Sequence[str] = ()
    note: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        if self.title:
            yield Text(one_line(self.title), style="bold")
        table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim", pad_edge=False)
        for name in self.columns:
            right = name in self.numbers
            table.add_column(
                name,
                justify="right" if right else "left",
                no_wrap=right,
                overflow="fold",
            )
        for row in self.rows:
            table.add_row(*(Text(one_line(cell)) for cell in row))
        yield table
        if self.note:
            yield Text("\n" + one_line(self.note), style="dim")


class Facts(Record):
    """What is known of one thing: a fact a line, longer ones below each other."""

    title: str
    facts: Sequence[tuple[str, str]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text(one_line(self.title), style="bold cyan")
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0), pad_edge=False)
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for name, text in self.facts:
            table.add_row(name, Text(one_line(text)))
        yield table
