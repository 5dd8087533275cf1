"""Explanations as Markdown: tables of numbers, formulas as code."""

from __future__ import annotations

import re
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
from attnviz.render.safe_text import escape_text

MARKUP = re.compile(r"([\\`*_{}\[\]<>#|!&$~])")


def markdown_bytes(explanation: Explanation, digits: int) -> bytes:
    """The explanation as a Markdown document."""
    lines: list[str] = []
    for block in explanation_blocks(explanation, digits):
        lines += block_lines(block)
    return ("\n".join(lines).rstrip("\n") + "\n").encode()


def block_lines(block: Block) -> Iterator[str]:
    """The lines of one block, and an empty one."""
    if isinstance(block, Heading):
        yield f"{'#' * block.level} {escape(block.text)}"
    elif isinstance(block, Sentence):
        yield escape(block.text) + (f": {code(block.formula)}" if block.formula else "")
    elif isinstance(block, Arithmetic):
        yield f"- {escape(block.label)}: {code(f'{block.expression} = {block.value}')}"
    else:
        yield from table_lines(block)
    yield ""


def table_lines(table: Numbers) -> Iterator[str]:
    """A table; row names that are formulas are code."""
    mark = code if table.has_formulas else escape
    yield f"| | {' | '.join(map(escape, table.columns))} |"
    yield f"|---|{'---:|' * len(table.columns)}"
    for name, cells in table.rows:
        title = mark(name)
        if table.has_formulas:  # a code span ends no cell of a table
            title = title.replace("|", "\\|")
        yield f"| {title} | {' | '.join(cells)} |"


def escape(text: str) -> str:
    """Text without the meaning of Markdown's signs."""
    return MARKUP.sub(r"\\\1", escape_text(text))


def code(text: str) -> str:
    """Text as a code span."""
    return "`" + escape_text(text).replace("`", "'") + "`"
