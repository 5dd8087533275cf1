"""The arithmetic of one weight in the terminal: tables of vectors, and lines of expressions."""

from __future__ import annotations

from collections.abc import Iterator
from textwrap import wrap

import numpy as np
from rich.cells import cell_len

from attnviz.core.arithmetic import (
    ArithmeticLine,
    ArithmeticTable,
    format_digits,
    format_pieces,
)
from attnviz.core.explain.explanation import Cell
from attnviz.render.safe_text import escape_text, escape_token, truncate

MAX_TITLE = 14  # cells of a column title
MAX_NAME = 18  # cells of a row's name beside its numbers; a longer one has its own line
MAX_LABEL = 16
MORE_DIGITS = 3  # of numbers on the way to a weight, so that its own digits can be computed


def cell_title(cell: Cell) -> str:
    """weight of query cat (1) on key sat (2)"""
    query, key = escape_token(cell.query.label), escape_token(cell.key.label)
    return f"weight of query {query} ({cell.query_index}) on key {key} ({cell.key_index})"


def arithmetic_text(cell: Cell, digits: int, width: int) -> Iterator[str]:
    """The tables and lines that lead to one weight, the weight with `digits` decimals."""
    label_width = min(max(cell_len(line.label) for line in cell.lines), MAX_LABEL)
    for n, line in enumerate(cell.lines):
        if n and (line.table is not None or np.isnan(line.value)):
            yield ""
        if np.isnan(line.value):
            yield from indent(f"{escape_text(line.expression)}.", width, 3)
        if line.table is not None:
            yield from table_text(line.table, digits + MORE_DIGITS, width)
        if not np.isnan(line.value):
            yield from line_text(line, digits, width, label_width)


def line_text(line: ArithmeticLine, digits: int, width: int, label_width: int) -> Iterator[str]:
    """label  expression = value"""
    expression = escape_text(format_pieces(line.pieces, digits + MORE_DIGITS))
    label = escape_text(line.label)
    gap = " " * max(2, label_width + 2 - cell_len(label))
    text = f"{expression} = {format_value(line, digits)}"
    lines = wrap_text(text, width - 5 - label_width)
    yield f"   {label}{gap}{lines[0]}"
    for more in lines[1:]:
        yield " " * (label_width + 7) + more


def format_value(line: ArithmeticLine, digits: int) -> str:
    """The weight with `digits` decimals, every other value with more significant digits."""
    if line.label == "weight":
        return f"{line.value + 0.0:.{digits}f}"
    return format_digits(line.value, digits + MORE_DIGITS)


def table_text(table: ArithmeticTable, digits: int, width: int) -> Iterator[str]:
    """All columns of a table, in bands that fit the width; the first has the formulas."""
    titles = [truncate(escape_token(column), MAX_TITLE) for column in table.columns]
    names = [escape_text(name) for name, _ in table.rows]
    cells = [[format_digits(float(n), digits) for n in row] for _, row in table.rows]
    short = [name.partition(" = ")[0] for name in names]
    first = max((n for n in map(cell_len, (*names, *short)) if n <= MAX_NAME), default=0)
    wide = 2 + max(map(cell_len, (*titles, *(cell for row in cells for cell in row))), default=0)
    fit = max(1, (width - first - 3) // wide)
    for start in range(0, len(titles), fit):
        band = slice(start, start + fit)
        yield "   " + " " * first + "".join(align_right(title, wide) for title in titles[band])
        for name, row in zip(short if start else names, cells, strict=True):
            beside = name
            if cell_len(name) > MAX_NAME:
                yield from indent(f"{name}:", width, 3)
                beside = ""
            gap = " " * (first - cell_len(beside))
            yield f"   {beside}{gap}" + "".join(align_right(cell, wide) for cell in row[band])


def indent(text: str, width: int, spaces: int) -> Iterator[str]:
    """Running text, indented and wrapped between words."""
    for line in wrap_text(text, width - spaces):
        yield " " * spaces + line


def wrap_text(text: str, width: int) -> list[str]:
    """Text wrapped between words, never within a number."""
    wrapped = wrap(text, max(20, width), break_long_words=False, break_on_hyphens=False)
    return wrapped or [""]


def align_right(text: str, width: int) -> str:
    """Text right-aligned in `width` terminal cells."""
    return " " * (width - cell_len(text)) + text
