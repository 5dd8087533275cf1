"""Catalogue as Markdown: every mechanism in tables by group.

`python -m tests.docs.catalogue` writes attnviz/core/variants/README.md; a test compares it.
"""

import re
from itertools import groupby
from pathlib import Path

import attnviz.core.variants
from attnviz.core.variants import VARIANTS
from attnviz.render.reports.terminal_catalogue import describe_plan

CATALOGUE = Path(attnviz.core.variants.__file__).with_name("README.md")
ARXIV = re.compile(r"\b\d{4}\.\d{4,5}\b")
INTRODUCTION = """\
# Attention mechanisms

The {count} mechanisms of attnviz. `attnviz variants NAME` describes one of them, with its aliases,
its tunables and a computed example.

In the formulas S are the scaled scores QKᵀ/√d, i is the position of the query, j that of the
key, n the number of keys and d the head dimension. *Row sum* is the sum of a query's weights,
*cost* the number of operations per head. Below each table stand a reference implementation and
released models, where they are known (reference, used by), what is simpler than in the paper
(simplified), and why a row could not be checked against a source (unconfirmed).

Generated from the rows in this folder by `make docs`; do not edit.
"""


def catalogue():
    """The whole catalogue: an introduction, then one table per group."""
    rows = sorted(VARIANTS.values(), key=lambda row: row.group)  # stable: families stay in order
    text = INTRODUCTION.format(count=len(rows))
    for group, rows_of_group in groupby(rows, key=lambda row: row.group):
        members = list(rows_of_group)
        text += f"\n## {group.capitalize()}\n\n{table(members)}{notes(members)}"
    return text


def table(rows):
    """A Markdown table with one line per mechanism."""
    lines = [
        "| name | summary | formula | paper | year | row sum | cost |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        paper, year = linked(row.paper), str(row.year or "–")
        texts = (f"`{row.name}`", row.summary, code(row.formula))
        cells = (*texts, paper, year, row.row_sum, row.cost)
        lines.append("| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |")
    return "\n".join(lines) + "\n"


def notes(rows):
    """What is known of some rows only, as a list."""
    lines = [
        f"- `{row.name}` {kind}: {text}"
        for row in rows
        for kind, text in (
            ("layers", describe_plan(row)),
            ("reference", reference_link(row.reference)),
            ("used by", ", ".join(row.used_by)),
            ("simplified", row.simplified),
            ("unconfirmed", row.unconfirmed),
        )
        if text
    ]
    return "\n" + "\n".join(lines) + "\n" if lines else ""


def reference_link(reference):
    """A reference implementation with a link to its repository."""
    repository, _, path = reference.partition(": ")
    return reference and f"[{repository}](https://github.com/{repository}), `{path}`"


def code(text):
    """A code span, which may contain backquotes."""
    return f"`` {text} ``" if "`" in text else f"`{text}`"


def linked(paper):
    """A citation with links for its arXiv ids."""
    return ARXIV.sub(lambda match: f"[{match[0]}](https://arxiv.org/abs/{match[0]})", paper) or "–"


if __name__ == "__main__":
    CATALOGUE.write_text(catalogue())
