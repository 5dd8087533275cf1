"""Explanations in the terminal: every step with its meaning, formula and numbers."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

import numpy as np
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from attnviz.core.explain.explanation import Cell, Explanation, Step
from attnviz.record import Record
from attnviz.render.provenance import untrained_note
from attnviz.render.safe_text import escape_text, escape_token, truncate

MAX_LABEL = 14  # cells
MAX_ROWS = 24


class ExplanationSteps(Record):
    """All steps in order, then the arithmetic of one weight if requested."""

    explanation: Explanation
    digits: int = 3
    ascii: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        yield Text(escape_text(self.explanation.title), style="bold")
        if note := untrained_note(self.explanation):
            yield Text(note)
        for number, step in enumerate(self.explanation.steps, start=1):
            yield Text("")
            title = f"{number}. {step.name}"
            yield Text.assemble((title, "bold cyan"), (f"  {step.shape}", "dim"))
            text = f"{step.meaning}.  {step.formula}" if step.formula else step.meaning
            yield from indent_text(escape_text(text), width)
            if step.numbers is not None:
                yield from map(Text, number_table(step, self.digits, width))
        if self.explanation.cell is not None:
            yield Text("")
            yield from arithmetic_lines(self.explanation.cell, self.digits, width)


def number_table(
    step: Step, digits: int, width: int, *, all_columns: bool = False
) -> Iterator[str]:
    """The numbers of a step, in as many columns as fit; reports how many are omitted."""
    assert step.numbers is not None
    labels = [truncate(escape_token(row), MAX_LABEL) for row in step.rows[:MAX_ROWS]]
    heads = [truncate(escape_token(column), MAX_LABEL) for column in step.columns]
    cells = [[format_number(value, digits) for value in row] for row in step.numbers[:MAX_ROWS]]
    first = max(map(cell_len, labels), default=0)
    wide = 2 + max(map(cell_len, (*heads, *(cell for row in cells for cell in row))), default=0)
    fit = max(1, (width - first - 3) // wide)
    for start in range(0, len(heads) if all_columns else 1, fit):
        band = slice(start, start + fit)
        yield "   " + " " * first + "".join(align_right(head, wide) for head in heads[band])
        for label, row in zip(labels, cells, strict=True):
            gap = " " * (first - cell_len(label))
            yield f"   {label}{gap}" + "".join(align_right(cell, wide) for cell in row[band])
    missing = {
        "columns": 0 if all_columns else len(heads) - fit,
        "rows": len(step.rows) - MAX_ROWS,
    }
    omitted = [f"{more} more {what}" for what, more in missing.items() if more > 0]
    if omitted:
        yield f"   … {' and '.join(omitted)} (all with --json)"


def arithmetic_lines(cell: Cell, digits: int, width: int) -> Iterator[Text]:
    """The arithmetic of one weight: the products of the score, then every later step."""
    query, key = escape_token(cell.query.label), escape_token(cell.key.label)
    title = f"weight of query {query} ({cell.query_index}) on key {key} ({cell.key_index})"
    yield Text(title, style="bold")
    if cell.factors is not None:
        (first_name, first), (second_name, second) = cell.factors
        products = first * second
        step = Step(
            "products",
            "dimension by dimension",
            numbers=np.stack([first, second, products]),
            rows=(first_name, second_name, "product"),
            columns=tuple(map(str, range(len(first)))),
        )
        yield from map(Text, number_table(step, digits, width, all_columns=True))
        yield Text(f"   sum of products = {float(products.sum()):.6g}")
    for line in cell.lines:
        label = escape_text(line.label)
        text = f"{label:<12} {escape_text(line.expression)} = {line.value:.6g}"
        yield from indent_text(text, width)


def indent_text(text: str, width: int) -> Iterator[Text]:
    """Running text, indented and wrapped between words."""
    for line in wrap(text, max(20, width - 3), break_long_words=False) or [""]:
        yield Text(f"   {line}")


def format_number(value: float, digits: int) -> str:
    """A number; "·" for NaN, which marks masked pairs."""
    return "·" if np.isnan(value) else f"{value:.{digits}f}"


def align_right(text: str, width: int) -> str:
    """Text right-aligned in `width` terminal cells."""
    return " " * (width - cell_len(text)) + text
