"""The files of an explanation, by extension."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import PurePath

from attnviz.core.explain.explanation import Explanation
from attnviz.errors import MisuseError

Writer = Callable[[Explanation, int], bytes]


def as_json(explanation: Explanation, digits: int) -> bytes:
    """All numbers in full."""
    from attnviz.render.reports.json_explanation import explanation_document

    del digits
    return explanation_document(explanation)


def as_markdown(explanation: Explanation, digits: int) -> bytes:
    """Tables and code spans."""
    from attnviz.render.reports.explanation_markdown import markdown_bytes

    return markdown_bytes(explanation, digits)


def as_html(explanation: Explanation, digits: int) -> bytes:
    """A page without scripts."""
    from attnviz.render.reports.explanation_html import html_bytes

    return html_bytes(explanation, digits)


def as_latex(explanation: Explanation, digits: int) -> bytes:
    """Matrices and formulas."""
    from attnviz.render.reports.explanation_latex import latex_bytes

    return latex_bytes(explanation, digits)


WRITERS: Mapping[str, Writer] = {
    ".html": as_html,
    ".md": as_markdown,
    ".tex": as_latex,
    ".json": as_json,
}


def find_writer(path: str) -> Writer:
    """The writer for the extension of a path; MisuseError for another extension."""
    suffix = PurePath(path).suffix.lower()
    if suffix not in WRITERS:
        shown = f"extension {suffix!r}" if suffix else "file without extension"
        raise MisuseError(f"--output {path!r}: unsupported {shown}; use {', '.join(WRITERS)}")
    return WRITERS[suffix]
