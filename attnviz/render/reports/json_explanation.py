"""An explanation as data."""

from __future__ import annotations

import json
from typing import Any

import numpy as np

from attnviz.core.explain.explanation import Cell, Explanation, Step


def document(told: Explanation) -> bytes:
    """All steps, and the arithmetic of one weight, as one JSON document. Hidden: null."""
    made = {
        "format": "attnviz-explanation",
        "format_version": "1.0",
        "title": told.title,
        "steps": [step_facts(step) for step in told.steps],
        "cell": None if told.cell is None else cell_facts(told.cell),
        "meta": dict(told.meta),
    }
    return (json.dumps(made, allow_nan=False) + "\n").encode()


def step_facts(step: Step) -> dict[str, Any]:
    """One step."""
    return {
        "name": step.name,
        "says": step.says,
        "formula": step.formula,
        "rows": list(step.rows),
        "columns": list(step.columns),
        "numbers": None if step.numbers is None else plain(step.numbers),
    }


def cell_facts(cell: Cell) -> dict[str, Any]:
    """One weight."""
    return {
        "query": {"position": cell.query_at, "label": cell.query.label},
        "key": {"position": cell.key_at, "label": cell.key.label},
        "factors": {name: plain(vector) for name, vector in cell.factors or ()},
        "lines": [line._asdict() | {"value": plain(line.value)} for line in cell.lines],
    }


def plain(numbers: Any) -> Any:
    """Numbers as lists; what is no finite number is null."""
    array = np.asarray(numbers, dtype=np.float64)
    cells = np.array(array, dtype=object)
    cells[~np.isfinite(array)] = None
    return cells.tolist()
