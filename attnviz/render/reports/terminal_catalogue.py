"""The catalogue in the terminal: a line a mechanism, or one in full."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from attnviz.core.attention_map import AttentionMap
from attnviz.core.variant import Variant
from attnviz.record import Record
from attnviz.render.formats import find_format
from attnviz.render.reports.json_catalogue import facts
from attnviz.render.style import Style


class Rows(Record):
    """Every mechanism on a line or two: name, what it does, formula, paper, row sum."""

    rows: Sequence[Variant]

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        by_group = sorted(self.rows, key=lambda row: row.group)  # stable: families stay in order
        for group, rows in groupby(by_group, key=lambda row: row.group):
            yield Text(f"\n{group}", style="bold")
            if options.max_width >= 100:
                yield wide(list(rows))
            else:
                yield from narrow(list(rows))
        yield Text(f"\n{len(self.rows)} mechanisms. All about one: attnviz variants NAME")


def wide(rows: Sequence[Variant]) -> Table:
    """Columns, where there is room for them."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title, share in (("name", 3), ("what it does", 8), ("formula", 8)):
        table.add_column(title, ratio=share, overflow="fold")
    table.add_column("row sum", no_wrap=True)
    table.add_column("paper", overflow="fold", ratio=2)
    for row in rows:
        name = Text(row.name, style="bold cyan")
        texts = (row.summary, row.formula, row.row_sum, row.paper or "–")
        table.add_row(name, *map(Text, texts))
    return table


def narrow(rows: Sequence[Variant]) -> RenderResult:
    """A paragraph each, where there is none."""
    for row in rows:
        yield Text.assemble((row.name, "bold cyan"), "  ", row.summary)
        paper = f"  [{row.paper}]" if row.paper else ""
        yield Padding(Text(f"{row.formula}   rows sum to {row.row_sum}{paper}"), (0, 0, 0, 4))


class Row(Record):
    """One mechanism in full, with an example that was computed just now."""

    row: Variant
    example: AttentionMap
    ascii: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        row, known = self.row, facts(self.row)
        yield Text.assemble((row.name, "bold cyan"), "  ", row.summary)
        yield Text("")
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        settable = ", ".join(f"{name}={value}" for name, value in known["tunables"].items())
        for title, text in {
            "formula": row.formula,
            "made of": row.algebra,
            "what for": row.purpose,
            "paper": row.paper and f"arXiv {row.paper}" if row.paper[:1].isdigit() else row.paper,
            "rows sum to": row.row_sum + (", weights may be negative" if row.signed else ""),
            "sees ahead": "no" if row.causal else "yes",
            "context": {"required": "needed (--context)", "refused": "none"}.get(
                row.context, "possible (--context)"
            ),
            "cost": f"{row.cost} a head" if row.cost else "",
            "also called": ", ".join(row.aliases),
            "--set": settable,
        }.items():
            if text:
                table.add_row(title, Text(text))
        yield table
        yield Text("\nan example, computed:")
        yield find_format("table").render(self.example, Style(ascii=self.ascii))
