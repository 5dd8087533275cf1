"""Explanations in the terminal: every step with its meaning, formula and numbers."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from attnviz.core.explain.explanation import Explanation, Step
from attnviz.record import Record
from attnviz.render.provenance import untrained_note
from attnviz.render.reports.terminal_arithmetic import (
    align_right,
    arithmetic_text,
    cell_title,
    indent,
)
from attnviz.render.safe_text import escape_text, escape_token, truncate

MAX_LABEL = 14  # cells
MANY_LINES = 1000  # of the arithmetic of a weight


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
            yield Text.assemble(
                (title, "bold cyan"), (f"  {step.shape}" if step.shape else "", "dim")
            )
            text = f"{step.meaning}.  {step.formula}" if step.formula else step.meaning
            yield from map(Text, indent(escape_text(text), width, 3))
            if step.numbers is not None:
                yield from map(Text, number_table(step, self.digits, width))
        if self.explanation.cell is not None:
            yield Text("")
            yield Text(cell_title(self.explanation.cell), style="bold")
            lines = list(arithmetic_text(self.explanation.cell, self.digits, width))
            if len(lines) > MANY_LINES:
                yield Text(f"   {len(lines):,} lines; fewer tokens or dimensions make it shorter")
            yield from map(Text, lines)


def number_table(step: Step, digits: int, width: int) -> Iterator[str]:
    """The numbers of a step, in as many columns as fit; reports how many are omitted."""
    assert step.numbers is not None
    labels = [truncate(escape_token(row), MAX_LABEL) for row in step.rows[: step.max_rows]]
    heads = [truncate(escape_token(column), MAX_LABEL) for column in step.columns]
    cells = [
        [format_number(value, digits) for value in row] for row in step.numbers[: step.max_rows]
    ]
    first = max(map(cell_len, labels), default=0)
    wide = 2 + max(map(cell_len, (*heads, *(cell for row in cells for cell in row))), default=0)
    fit = max(1, (width - first - 3) // wide)
    yield "   " + " " * first + "".join(align_right(head, wide) for head in heads[:fit])
    for label, row in zip(labels, cells, strict=True):
        gap = " " * (first - cell_len(label))
        yield f"   {label}{gap}" + "".join(align_right(cell, wide) for cell in row[:fit])
    missing = {"columns": len(heads) - fit, "rows": len(step.rows) - step.max_rows}
    omitted = [f"{more} more {what}" for what, more in missing.items() if more > 0]
    if omitted:
        yield f"   … {' and '.join(omitted)} (all with --json)"


def format_number(value: float, digits: int) -> str:
    """A number; "·" for NaN, which marks masked pairs."""
    return "·" if np.isnan(value) else f"{value:.{digits}f}"
