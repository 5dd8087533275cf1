"""Explanations as LaTeX: matrices as bmatrix, formulas as in the catalogue."""

from __future__ import annotations

from collections.abc import Iterator

from attnviz.core.explain.explanation import Explanation
from attnviz.render.reports.explanation_blocks import (
    Arithmetic,
    Block,
    Heading,
    Numbers,
    Sentence,
    explanation_blocks,
)
from attnviz.render.reports.latex_formula import math, text

PAGE_WIDTH, PAGE_ROWS = 700, 32  # points, and rows of a matrix, that fit on a page
DIGIT, CELL_GAP = 5, 13  # points: of a digit, and between the columns of a matrix
SHORT_NAME = 18  # characters of a name that fits before its numbers
PREAMBLE = r"""% Compile with lualatex or xelatex: tokens may be in any script.
\documentclass{article}
\usepackage[margin=2cm,landscape]{geometry}
\usepackage{amsmath}
\setcounter{MaxMatrixCols}{COLUMNS}
\setlength{\parindent}{0pt}
\allowdisplaybreaks
\begin{document}
"""


def latex_bytes(explanation: Explanation, digits: int) -> bytes:
    """The explanation as a LaTeX document."""
    blocks = list(explanation_blocks(explanation, digits))
    widest = max((len(block.columns) for block in blocks if isinstance(block, Numbers)), default=0)
    lines = [PREAMBLE.replace("COLUMNS", str(max(10, widest)))]
    for block in blocks:
        lines += block_lines(block)
    return ("\n".join([*lines, r"\end{document}"]) + "\n").encode()


def block_lines(block: Block) -> Iterator[str]:
    """The lines of one block, and an empty one."""
    if isinstance(block, Heading):
        command = "section" if block.level == 1 else "subsection"
        yield f"\\{command}*{{{text(block.text)}}}"
    elif isinstance(block, Sentence):
        yield text(block.text) + (f": ${math(block.formula)}$" if block.formula else ".")
    elif isinstance(block, Arithmetic):
        yield f"${math(block.label)}$: ${math(block.expression)} = {math(block.value)}$"
    else:
        for part in page_parts(block):
            yield from vectors(part) if part.has_formulas else matrix(part)
    yield ""


def page_parts(table: Numbers) -> Iterator[Numbers]:
    """Parts of a table that fit on a page: some of its columns, and of its rows."""
    digits = max((len(cell) for _, cells in table.rows for cell in cells), default=1)
    width = PAGE_WIDTH - (DIGIT * SHORT_NAME if table.has_formulas else 0)
    fit = max(1, width // (DIGIT * digits + CELL_GAP))
    height = len(table.rows) if table.has_formulas else PAGE_ROWS
    for first in range(0, len(table.columns), fit):
        columns = slice(first, first + fit)
        for start in range(0, len(table.rows), height):
            rows = table.rows[start : start + height]
            cells = tuple((name, row[columns]) for name, row in rows)
            yield Numbers(table.columns[columns], cells, table.has_formulas)


def vectors(table: Numbers) -> Iterator[str]:
    """Each row as a vector, after its name."""
    yield f"columns: {listing(table.columns)}"
    for name, cells in table.rows:
        before = math(name)
        if len(name) > SHORT_NAME:
            yield f"\n${before} =$"
            before = ""
        equals = f"{before} = " if before else ""
        yield f"\\[ {equals}\\begin{{bmatrix}} {row(cells)} \\end{{bmatrix}} \\]"


def matrix(table: Numbers) -> Iterator[str]:
    """All rows as one matrix, after their names."""
    names = tuple(name for name, _ in table.rows)
    yield f"rows: {listing(names)}; columns: {listing(table.columns)}"
    body = " \\\\\n".join(row(cells) for _, cells in table.rows)
    yield f"\\[ \\begin{{bmatrix}}\n{body}\n\\end{{bmatrix}} \\]"


def listing(names: tuple[str, ...]) -> str:
    """The names of rows or columns; of indices, the first and the last."""
    if len(names) > 1 and all(name.isdecimal() for name in names):
        return f"{names[0]} to {names[-1]}"
    return ", ".join(map(text, names))


def row(cells: tuple[str, ...]) -> str:
    """The cells of one row of a matrix."""
    return " & ".join(cell.replace("·", r"\cdot") for cell in cells)
