"""An explanation as blocks: headings, sentences, tables of numbers and lines of arithmetic.

The files that `attnviz explain -o` writes differ in how they mark up these blocks, not in them.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

import numpy as np

from attnviz.core.arithmetic import ArithmeticTable, format_digits, format_pieces
from attnviz.core.explain.explanation import Cell, Explanation, Step
from attnviz.render.provenance import untrained_note
from attnviz.render.reports.terminal_arithmetic import MORE_DIGITS, cell_title, format_value
from attnviz.render.safe_text import escape_token


class Heading(NamedTuple):
    """A title; level 1 is that of the whole explanation."""

    level: int
    text: str


class Sentence(NamedTuple):
    """What a step does, and its formula."""

    text: str
    formula: str = ""


class Numbers(NamedTuple):
    """A table of formatted numbers.

    Row names are tokens or indices, or, with `has_formulas`, formulas over the rows above.
    """

    columns: tuple[str, ...]
    rows: tuple[tuple[str, tuple[str, ...]], ...]
    has_formulas: bool = False


class Arithmetic(NamedTuple):
    """One line: its label, an expression in numbers, its value."""

    label: str
    expression: str
    value: str


Block: TypeAlias = Heading | Sentence | Numbers | Arithmetic


def explanation_blocks(explanation: Explanation, digits: int) -> Iterator[Block]:
    """All steps, and the arithmetic of one weight, whose value has `digits` decimals."""
    yield Heading(1, explanation.title)
    if note := untrained_note(explanation):
        yield Sentence(note)
    for number, step in enumerate(explanation.steps, start=1):
        yield from step_blocks(number, step, digits)
    if explanation.cell is not None:
        yield from cell_blocks(explanation.cell, digits)


def step_blocks(number: int, step: Step, digits: int) -> Iterator[Block]:
    """The title, sentence and numbers of one step; masked pairs are "·"."""
    yield Heading(2, f"{number}. {step.name}" + (f"  {step.shape}" if step.shape else ""))
    yield Sentence(step.meaning, step.formula)
    if step.numbers is not None:
        rows = tuple(
            (escape_token(name), tuple("·" if np.isnan(n) else f"{n:.{digits}f}" for n in row))
            for name, row in zip(step.rows, step.numbers, strict=True)
        )
        yield Numbers(tuple(map(escape_token, step.columns)), rows)


def cell_blocks(cell: Cell, digits: int) -> Iterator[Block]:
    """The tables and lines that lead to one weight."""
    yield Heading(2, cell_title(cell))
    for line in cell.lines:
        is_caption = np.isnan(line.value)
        expression = format_pieces(line.pieces, digits + MORE_DIGITS)
        if is_caption:
            yield Sentence(expression)
        if line.table is not None:
            yield table_block(line.table, digits + MORE_DIGITS)
        if not is_caption:
            yield Arithmetic(line.label, expression, format_value(line, digits))


def table_block(table: ArithmeticTable, digits: int) -> Numbers:
    """The vectors of a table with this many significant digits."""
    rows = tuple(
        (name, tuple(format_digits(float(n), digits) for n in row)) for name, row in table.rows
    )
    return Numbers(tuple(map(escape_token, table.columns)), rows, has_formulas=True)
