"""The catalogue in the terminal: a list of mechanisms, or one mechanism in full."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby

from rich.console import Console, ConsoleOptions, RenderResult
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from attnviz.core.attention_map import AttentionMap
from attnviz.core.variant import Variant
from attnviz.record import Record
from attnviz.render.formats import find_format
from attnviz.render.reports.json_catalogue import variant_facts
from attnviz.render.style import Style

CROSS_ATTENTION = {
    "optional": "supported (--context)",
    "required": "required (--context)",
    "refused": "no",
}


class VariantList(Record):
    """Mechanisms by group: name, summary, formula, row sum, paper; the classics come first.

    `word` is what the list was filtered by, if it was.
    """

    rows: Sequence[Variant]
    classics: Sequence[str] = ()
    word: str = ""

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        for title, rows in self.sections():
            yield Text(f"\n{title}", style="bold")
            if options.max_width >= 100:
                yield wide_table(rows)
            else:
                yield from narrow_lines(rows)
        count = f"{len(self.rows)} mechanism{'s' * (len(self.rows) != 1)}"
        match = f" with {self.word!r}" if self.word else ""
        yield Text(f"\n{count}{match}. Details: attnviz variants NAME")
        if not self.word:
            yield Text("Filter: attnviz variants WORD (part of a name, group or summary)")

    def sections(self) -> Iterator[tuple[str, list[Variant]]]:
        """Titles and rows: the classics in their order, then the other rows by group."""
        by_name = {row.name: row for row in self.rows}
        if self.classics:
            yield "classics", [by_name[name] for name in self.classics]
        others = [row for row in self.rows if row.name not in self.classics]
        by_group = sorted(others, key=lambda row: row.group)  # stable: families stay in order
        for group, rows in groupby(by_group, key=lambda row: row.group):
            yield group, list(rows)


def wide_table(rows: Sequence[Variant]) -> Table:
    """One line per mechanism, in columns."""
    table = Table(box=None, padding=(0, 2, 0, 0), header_style="dim")
    for title, share in (("name", 3), ("summary", 8), ("formula", 8)):
        table.add_column(title, ratio=share, overflow="fold")
    table.add_column("row sum", no_wrap=True)
    table.add_column("paper", overflow="fold", ratio=2)
    for row in rows:
        name = Text(row.name, style="bold cyan")
        texts = (row.summary, row.formula, row.row_sum, row.paper or "–")
        table.add_row(name, *map(Text, texts))
    return table


def narrow_lines(rows: Sequence[Variant]) -> RenderResult:
    """One paragraph per mechanism, for narrow terminals."""
    for row in rows:
        yield Text.assemble((row.name, "bold cyan"), "  ", row.summary)
        paper = f"  [{row.paper}]" if row.paper else ""
        yield Padding(Text(f"{row.formula}   row sum: {row.row_sum}{paper}"), (0, 0, 0, 4))


class VariantDetails(Record):
    """One mechanism in full, with a computed example.

    `same_group` names the other mechanisms of its group, where the group has the same name.
    """

    row: Variant
    example: AttentionMap
    same_group: Sequence[str] = ()
    ascii: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        yield Text.assemble((self.row.name, "bold cyan"), "  ", self.row.summary)
        yield Text("")
        table = Table(box=None, show_header=False, padding=(0, 2, 0, 0))
        table.add_column(style="dim", no_wrap=True)
        table.add_column(overflow="fold")
        for label, text in self.facts().items():
            if text:
                table.add_row(label, Text(text))
        yield table
        yield Text("\nexample:")
        yield find_format("table").render(self.example, Style(ascii=self.ascii))
        if self.same_group:
            yield Text(f"\nalso in group {self.row.group}: {', '.join(self.same_group)}")

    def facts(self) -> dict[str, str]:
        """Labels and texts; a text may be empty."""
        row, known = self.row, variant_facts(self.row)
        tunables = (f"{name}={value}" for name, value in known["tunables"].items())
        return {
            "formula:": row.formula,
            "layers:": describe_plan(row),
            "pipeline:": row.pipeline,
            "purpose:": row.purpose,
            "paper:": f"arXiv {row.paper}" if row.paper[:1].isdigit() else row.paper,
            "reference:": row.reference,
            "used by:": ", ".join(row.used_by),
            "simplified:": row.simplified,
            "unconfirmed:": row.unconfirmed,
            "row sum:": row.row_sum + (", weights may be negative" if row.signed else ""),
            "causal:": "yes" if row.is_causal else "no",
            "cross-attention:": CROSS_ATTENTION[row.context],
            "cost per head:": row.cost,
            "aliases:": ", ".join(row.aliases),
            "tunables (--set):": ", ".join(tunables).replace("kv_heads=0", "kv_heads=0 (= heads)"),
        }


def describe_plan(row: Variant) -> str:
    """The mechanisms of a layer plan in turn: sliding-window ×5, full; repeated over the depth."""
    runs = [(name, len(list(run))) for name, run in groupby(layer.name for layer in row.layers)]
    listed = [f"{name} ×{n}" if n > 1 else name for name, n in runs]
    return f"{', '.join(listed)}; repeated over the depth" if runs else ""
