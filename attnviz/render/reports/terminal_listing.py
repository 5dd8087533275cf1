"""Listings in the terminal: tables of rows, and the facts of one item."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from attnviz.record import Record
from attnviz.render.safe_text import escape_text

GAP = 2  # cells between columns


class Listing(Record):
    """A table; the columns named in `numbers` are right-aligned and wrapped last.

    Cells are wrapped between words, so that titles and words stay whole where the screen is
    wide enough for the longest word of each column.
    """

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
        table = Table(box=None, padding=(0, GAP, 0, 0), header_style="dim", pad_edge=False)
        rows = [[escape_text(cell) for cell in row] for row in self.rows]
        widths = self.column_widths(rows, options.max_width)
        for name, width in zip(self.columns, widths, strict=True):
            justify: Any = "right" if name in self.numbers else "left"
            table.add_column(name, justify=justify, width=width, overflow="fold")
        for row in rows:
            table.add_row(*map(Text, row))
        yield table
        if self.note:
            yield Text("\n" + escape_text(self.note), style="dim")

    def fits(self, available: int) -> bool:
        """Whether the longest words of all columns fit beside each other."""
        columns = zip(self.columns, *self.rows, strict=True)
        longest = [max(cell_len(word) for c in cells for word in c.split()) for cells in columns]
        return sum(longest) + GAP * (len(longest) - 1) <= available

    def column_widths(self, rows: Sequence[Sequence[str]], available: int) -> list[int]:
        """The width of each column: first text columns are narrowed, the widest first.

        None becomes narrower than its longest word, unless the words do not fit either.
        """
        columns = [[name, *cells] for name, *cells in zip(self.columns, *rows, strict=True)]
        widths = [max(map(cell_len, cells)) for cells in columns]
        shortest = [max(cell_len(word) for c in cells for word in c.split()) for cells in columns]
        available -= GAP * (len(columns) - 1)
        is_text = [name not in self.numbers for name in self.columns]
        for lowest, allowed in (
            (shortest, is_text),
            (shortest, [True] * len(columns)),
            ([1] * len(columns), is_text),
        ):
            while sum(widths) > available:
                spare = [
                    (width, i)
                    for i, width in enumerate(widths)
                    if allowed[i] and width > lowest[i]
                ]
                if not spare:
                    break
                widths[max(spare)[1]] -= 1
        return widths


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
