"""Explanations as a page: one file of HTML, offline, without scripts."""

from __future__ import annotations

from collections.abc import Iterator
from html import escape as escape_html

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

STYLE = """
body { font: 16px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
div { overflow-x: auto; margin: .5rem 0; }
table { border-collapse: collapse; font-variant-numeric: tabular-nums; font-size: .9rem; }
td, th { padding: .1rem .6rem; text-align: right; white-space: nowrap; }
tbody th { text-align: left; font-weight: normal; border-right: 1px solid #767676; }
thead th { border-bottom: 1px solid #767676; }
code { font-family: ui-monospace, monospace; font-size: .9rem; overflow-wrap: anywhere; }
.label { display: inline-block; min-width: 9rem; }
@media (prefers-color-scheme: dark) { body { color: #e8e8e8; background: #161616; } }
"""
HEAD = (
    '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
    '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
    '<meta http-equiv="Content-Security-Policy" '
    "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
)


def html_bytes(explanation: Explanation, digits: int) -> bytes:
    """The explanation as a self-contained page."""
    lines = [f"{HEAD}<title>{escape(explanation.title)}</title>\n<style>{STYLE}</style>"]
    lines.append("</head>\n<body>\n<main>")
    for block in explanation_blocks(explanation, digits):
        lines += block_lines(block)
    return ("\n".join([*lines, "</main>\n</body>\n</html>"]) + "\n").encode()


def block_lines(block: Block) -> Iterator[str]:
    """The elements of one block."""
    if isinstance(block, Heading):
        yield f"<h{block.level}>{escape(block.text)}</h{block.level}>"
    elif isinstance(block, Sentence):
        formula = f": <code>{escape(block.formula)}</code>" if block.formula else ""
        yield f"<p>{escape(block.text)}{formula}</p>"
    elif isinstance(block, Arithmetic):
        label = f'<span class="label">{escape(block.label)}</span>'
        yield f"<p>{label} <code>{escape(f'{block.expression} = {block.value}')}</code></p>"
    else:
        yield from table_lines(block)


def table_lines(table: Numbers) -> Iterator[str]:
    """A table that scrolls where it is wider than the page."""
    titles = "".join(f'<th scope="col">{escape(title)}</th>' for title in table.columns)
    yield f"<div><table>\n<thead><tr><td></td>{titles}</tr></thead>\n<tbody>"
    for name, cells in table.rows:
        title = f"<code>{escape(name)}</code>" if table.has_formulas else escape(name)
        numbers = "".join(f"<td>{cell}</td>" for cell in cells)
        yield f'<tr><th scope="row">{title}</th>{numbers}</tr>'
    yield "</tbody>\n</table></div>"


def escape(text: str) -> str:
    """Text without markup; control characters are made visible."""
    return escape_html(escape_text(text))
