"""A computation told step by step: what each step is for, and its real numbers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import Any

from attnviz.core.arrays import FloatArray
from attnviz.core.normalizers import Line
from attnviz.core.scores import Factors
from attnviz.core.tokens import Token
from attnviz.record import Record

Labels = tuple[str, ...]


class Step(Record, eq=False):
    """One step: what it is called, what it is for, how it is reckoned, and what comes out.

    Shapes: numbers [row, column], labelled by `rows` and `columns`; NaN where nothing may be
    seen. Steps without numbers only say something.
    """

    name: str
    says: str
    formula: str = ""
    numbers: FloatArray | None = None
    rows: Labels = ()
    columns: Labels = ()
    shape: str = ""  # as in "[query 6, key 6]"


class Cell(Record, eq=False):
    """The arithmetic of one weight; `factors` are two vectors whose products make the score."""

    query: Token
    key: Token
    query_at: int
    key_at: int
    lines: tuple[Line, ...]
    factors: Factors | None = None


class Explanation(Record, eq=False):
    """All steps of one head of one layer, in order, and one weight in full if asked for."""

    title: str
    steps: tuple[Step, ...]
    cell: Cell | None = None
    meta: Mapping[str, Any] = field(default_factory=dict)
