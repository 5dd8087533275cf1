"""Format tables in the terminal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from rich.console import Console, ConsoleOptions, RenderResult
from rich.table import Table
from rich.text import Text

from attnviz.record import Record


class FormatRow(Protocol):
    """An output or input format."""

    @property
    def name(self) -> str:
        """Its name."""

    @property
    def suffixes(self) -> tuple[str, ...]:
        """Its file extensions."""

    @property
    def summary(self) -> str:
        """A short description."""


class FormatTables(Record):
    """One table per title: name, extensions, description."""

    tables: Mapping[str, Sequence[FormatRow]]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for title, rows in self.tables.items():
            yield Text(f"\n{title}", style="bold")
            table = Table(box=None, padding=(0, 2, 0, 0), show_header=False)
            table.add_column(style="bold cyan", no_wrap=True)
            table.add_column(overflow="fold")
            table.add_column(overflow="fold")
            for row in rows:
                table.add_row(row.name, Text(" ".join(row.suffixes) or "–"), Text(row.summary))
            yield table
