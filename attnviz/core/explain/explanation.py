"""Explanation: the computation of one head as steps with their meaning, formula and numbers."""

from __future__ import annotations

from dataclasses import field

from attnviz.core.arithmetic import ArithmeticLine
from attnviz.core.arrays import FloatArray
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.scores import Factors
from attnviz.core.tokens import Token
from attnviz.record import Record

Labels = tuple[str, ...]


class Step(Record, eq=False):
    """One step: its name, meaning, formula and result.

    Shapes: numbers [row, column], labelled by `rows` and `columns`, NaN where masked; None for
    a step that is text alone.
    """

    name: str
    meaning: str
    formula: str = ""
    numbers: FloatArray | None = None
    rows: Labels = ()
    columns: Labels = ()
    shape: str = ""  # as in "[query 6, key 6]"
    max_rows: int = 24  # rows that a text shows; data formats hold all


class Cell(Record, eq=False):
    """The arithmetic of one weight.

    `factors` are two vectors whose products add up to the score, None for other scores.
    """

    query: Token
    key: Token
    query_index: int
    key_index: int
    lines: tuple[ArithmeticLine, ...]
    factors: Factors | None = None


class Explanation(Record, eq=False):
    """The steps of one head of one layer, in order, and the arithmetic of one weight."""

    title: str
    steps: tuple[Step, ...]
    cell: Cell | None = None
    meta: MapMetadata = field(default_factory=MapMetadata)
