"""An explanation in the terminal: each step says what it is for and shows its numbers."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

import numpy as np
from rich.cells import cell_len
from rich.console import Console, ConsoleOptions, RenderResult
from rich.text import Text

from attnviz.core.explain.explanation import Cell, Explanation, Step
from attnviz.record import Record
from attnviz.render.safe_text import fitted, one_line, printable

WIDEST_LABEL = 14
MOST_ROWS = 24


class Steps(Record):
    """All steps in order, as wide as the console is; then one weight, if it was asked for."""

    told: Explanation
    digits: int = 3
    ascii: bool = False

    def __rich_console__(self, console: Console, options: ConsoleOptions) -> RenderResult:
        width = options.max_width
        yield Text(one_line(self.told.title), style="bold")
        for number, step in enumerate(self.told.steps, start=1):
            yield Text("")
            title = f"{number}. {step.name}"
            yield Text.assemble((title, "bold cyan"), (f"  {step.shape}", "dim"))
            says = f"{step.says}.  {step.formula}" if step.formula else step.says
            yield from indented(one_line(says), width)
            if step.numbers is not None:
                yield from map(Text, numbers(step, self.digits, width))
        if self.told.cell is not None:
            yield Text("")
            yield from arithmetic(self.told.cell, self.digits, width)


def numbers(step: Step, digits: int, width: int, *, all_columns: bool = False) -> Iterator[str]:
    """A step's numbers in as many columns as there is room for; what is left out is said."""
    assert step.numbers is not None  # the caller asked first
    labels = [fitted(printable(row), WIDEST_LABEL) for row in step.rows[:MOST_ROWS]]
    heads = [fitted(printable(column), WIDEST_LABEL) for column in step.columns]
    cells = [[written(value, digits) for value in row] for row in step.numbers[:MOST_ROWS]]
    first = max(map(cell_len, labels), default=0)
    wide = 2 + max(map(cell_len, (*heads, *(cell for row in cells for cell in row))), default=0)
    fit = max(1, (width - first - 3) // wide)
    for start in range(0, len(heads) if all_columns else 1, fit):
        band = slice(start, start + fit)
        yield "   " + " " * first + "".join(padded(head, wide) for head in heads[band])
        for label, row in zip(labels, cells, strict=True):
            gap = " " * (first - cell_len(label))
            yield f"   {label}{gap}" + "".join(padded(cell, wide) for cell in row[band])
    missing = {
        "columns": 0 if all_columns else len(heads) - fit,
        "rows": len(step.rows) - MOST_ROWS,
    }
    left_out = [f"{more} more {what}" for what, more in missing.items() if more > 0]
    if left_out:
        yield f"   … {' and '.join(left_out)} (--json has all)"


def arithmetic(cell: Cell, digits: int, width: int) -> Iterator[Text]:
    """Every step that made one weight."""
    query, key = printable(cell.query.label), printable(cell.key.label)
    yield Text(f"The weight of {query} ({cell.query_at}) on {key} ({cell.key_at})", style="bold")
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
        yield from map(Text, numbers(step, digits, width, all_columns=True))
        yield Text(f"   Σ of the products = {float(products.sum()):.6g}")
    for line in cell.lines:
        name = one_line(line.label)
        told = f"{name:<12} {one_line(line.reckoning)} = {line.value:.6g}"
        yield from indented(told, width)


def indented(text: str, width: int) -> Iterator[Text]:
    """Running text, set in a little, broken between words."""
    for line in wrap(text, max(20, width - 3), break_long_words=False) or [""]:
        yield Text(f"   {line}")


def written(value: float, digits: int) -> str:
    """A number, or a dot where nothing may be seen; -inf as it is."""
    return "·" if np.isnan(value) else f"{value:.{digits}f}"


def padded(text: str, width: int) -> str:
    """Right-aligned by what it takes on the screen."""
    return " " * (width - cell_len(text)) + text
