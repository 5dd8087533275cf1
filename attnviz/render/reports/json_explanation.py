"""Explanations as JSON."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, format_pieces
from attnviz.core.explain.explanation import Cell, Explanation, Step

EXPRESSION_DIGITS = 12  # significant digits of the numbers in an expression


def explanation_document(explanation: Explanation) -> bytes:
    """All steps, and the arithmetic of one weight, as one JSON document; masked pairs: null."""
    document = {
        "format": "attnviz-explanation",
        "format_version": "1.0",
        "title": explanation.title,
        "steps": [step_fields(step) for step in explanation.steps],
        "cell": None if explanation.cell is None else cell_fields(explanation.cell),
        "meta": dict(explanation.meta),
    }
    return (json.dumps(document, allow_nan=False) + "\n").encode()


def step_fields(step: Step) -> dict[str, Any]:
    """The fields of one step."""
    return {
        "name": step.name,
        "says": step.meaning,
        "formula": step.formula,
        "rows": list(step.rows),
        "columns": list(step.columns),
        "numbers": None if step.numbers is None else to_lists(step.numbers),
    }


def cell_fields(cell: Cell) -> dict[str, Any]:
    """The fields of the arithmetic of one weight."""
    return {
        "query": {"position": cell.query_index, "label": cell.query.label},
        "key": {"position": cell.key_index, "label": cell.key.label},
        "factors": {name: to_lists(vector) for name, vector in cell.factors or ()},
        "lines": [line_fields(line) for line in cell.lines],
    }


def line_fields(line: ArithmeticLine) -> dict[str, Any]:
    """The fields of one line, with the table that precedes it."""
    table = line.table and {
        "columns": list(line.table.columns),
        "rows": [
            {"formula": name, "numbers": to_lists(numbers)} for name, numbers in line.table.rows
        ],
    }
    return {
        "label": line.label,
        "reckoning": format_pieces(line.pieces, EXPRESSION_DIGITS),
        "value": to_lists(line.value),
        "table": table,
    }


def to_lists(numbers: Any) -> Any:
    """Numbers as nested lists; NaN and infinities become null."""
    array = np.asarray(numbers, dtype=np.float64)
    cells = np.array(array, dtype=object)
    cells[~np.isfinite(array)] = None
    return cells.tolist()
