"""Arithmetic: lines and tables that compute one weight from printed numbers.

A line states an expression in numbers and its value; a table holds vectors, each named by its
own formula over the vectors above it, so that every number can be computed by hand.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias, TypeVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.record import Record

DIGITS = 6  # significant digits of a number in an expression
SAFE_LOGIT = 30.0  # beyond it, exponentials of logits are no numbers to write down

Piece: TypeAlias = str | float
Rows: TypeAlias = tuple[tuple[str, FloatArray], ...]
AnyArray = TypeVar("AnyArray", FloatArray, BoolArray)
OPERATORS = ("−", "+", "×", "/", "^")


class ArithmeticTable(NamedTuple):
    """Vectors under common column titles; each is named by its formula.

    Shapes: rows: [column] each
    """

    columns: tuple[str, ...]
    rows: Rows


class ArithmeticLine(NamedTuple):
    """One line: its label, the expression as text and numbers, its value.

    The table, if any, precedes the line, whose expression may name its rows.
    """

    label: str
    pieces: tuple[Piece, ...]
    value: float
    table: ArithmeticTable | None = None

    @property
    def expression(self) -> str:
        """The expression, its numbers with 6 significant digits."""
        return format_pieces(self.pieces)


Lines: TypeAlias = Iterator[ArithmeticLine]


class Pair(Record, eq=False):
    """One query and one key of a head, whose score or weight is computed."""

    inputs: Inputs
    head: int
    query: int
    key: int

    @property
    def q(self) -> FloatArray:
        """The query vector, rotated by position.    -> [d]"""
        row: FloatArray = self.inputs.query[self.head, self.query]
        return row

    @property
    def k(self) -> FloatArray:
        """The key vector, rotated by position.    -> [d]"""
        row: FloatArray = self.inputs.key[self.head, self.key]
        return row

    @property
    def i(self) -> int:
        """Position of the query among the keys."""
        return int(self.inputs.grid.q[0, self.query, 0])

    @property
    def j(self) -> int:
        """Position of the key."""
        return int(self.inputs.grid.k[0, 0, self.key])

    @property
    def distance(self) -> int:
        """|i − j|"""
        return abs(self.i - self.j)

    @property
    def query_source(self) -> FloatArray:
        """The layer's input at the query.    -> [d_model]"""
        return self.of_head(self.inputs.query_source)[self.query]

    @property
    def key_source(self) -> FloatArray:
        """The layer's input at all keys.    -> [key, d_model]"""
        return self.of_head(self.inputs.key_source)

    def param(self, name: str) -> FloatArray:
        """The head's learned parameter of this name.    -> [...]"""
        array: FloatArray = self.inputs.param(name)[self.head]
        return array

    def of_head(self, array: AnyArray) -> AnyArray:
        """An array of the pair's head.    [head | 1, ...] -> [...]"""
        own: AnyArray = array[self.head if len(array) > 1 else 0]
        return own

    def learned(self, label: str, name: str) -> ArithmeticLine:
        """A line that states a learned number."""
        return ArithmeticLine(label, (f"learned ({name})",), float(self.param(name)))


class MapPair(Pair, eq=False):
    """One query and one key, with the weights of their layer.

    Shapes: visible, weights [head, query, key]; columns: a label per key
    """

    visible: BoolArray
    weights: FloatArray
    columns: tuple[str, ...]

    @property
    def weight(self) -> float:
        """The weight of the pair."""
        return float(self.weights[self.head, self.query, self.key])


class WeightPair(MapPair, eq=False):
    """One query and one key, with the logits and weights of their layer.

    Shapes: logits [head, query, key]; unmasked: visible before the normalizer selected keys
    """

    logits: FloatArray
    unmasked: BoolArray

    @property
    def visible_keys(self) -> BoolArray:
        """The keys of the row that have a finite logit and are visible.    -> [key]"""
        row: BoolArray = self.visible[self.head, self.query] & np.isfinite(self.all_logits)
        return row

    @property
    def all_logits(self) -> FloatArray:
        """The logits of the query, of masked keys too.    -> [key]"""
        row: FloatArray = self.logits[self.head, self.query]
        return row

    @property
    def logit(self) -> float:
        """The logit of the pair."""
        return float(self.all_logits[self.key])

    @property
    def row(self) -> FloatArray:
        """The logits of the visible keys.    -> [visible key]"""
        return self.all_logits[self.visible_keys]

    @property
    def at(self) -> int:
        """The index of the key among the visible keys."""
        return int(self.visible_keys[: self.key].sum())

    def table(self, *rows: tuple[str, FloatArray]) -> ArithmeticTable:
        """A table over the visible keys.    [visible key] each"""
        return key_table(self.columns, self.visible_keys, *rows)


def key_table(
    columns: tuple[str, ...], keys: BoolArray, *rows: tuple[str, FloatArray]
) -> ArithmeticTable:
    """A table over some keys.    keys [key], rows [some key] each"""
    return ArithmeticTable(tuple(columns[i] for i in np.flatnonzero(keys)), rows)


def dimension_table(*rows: tuple[str, FloatArray]) -> ArithmeticTable:
    """A table over the dimensions of vectors.    [d] each"""
    return ArithmeticTable(tuple(map(str, range(len(rows[0][1])))), rows)


def products(label: str, *factors: tuple[str, FloatArray], before: Rows = ()) -> ArithmeticLine:
    """The sum of products of two or more vectors; `before` are rows that lead to them.

    Shapes: [d] each
    """
    name = " × ".join(name for name, _ in factors)
    product = np.prod([vector for _, vector in factors], axis=0)
    own = tuple(row for row in factors if row[0] not in dict(before))
    table = dimension_table(*before, *own, (name, product))
    return ArithmeticLine(label, (f"Σ ({name})",), float(product.sum()), table)


def softmax_lines(
    pair: WeightPair, *rows: tuple[str, FloatArray], label: str = "weight", sink: Piece = ""
) -> Lines:
    """The softmax of the last row at the key; `sink` is one more logit in the denominator.

    Shapes: [visible key] each
    """
    name, logits = rows[-1]
    value, peak = float(logits[pair.at]), 0.0
    mass_name = f"exp({name})"
    mine: tuple[Piece, ...] = ("exp(", value, ")")
    sink_piece: tuple[Piece, ...] = () if sink == "" else (" + exp(", sink, ")")
    if np.abs(logits).max() > SAFE_LOGIT:
        peak = float(logits.max())
        yield ArithmeticLine("max", (f"max({name})",), peak, pair.table(*rows))
        rows = ()
        mass_name = f"exp({name} − max)"
        mine = ("exp(", value, " − ", peak, ")")
        sink_piece = () if sink == "" else (" + exp(", sink, " − ", peak, ")")
    mass = np.exp(logits - peak)
    total = float(mass.sum() + (np.exp(float(sink) - peak) if sink != "" else 0.0))
    table = pair.table(*rows, (mass_name, mass))
    yield ArithmeticLine("row sum", (f"Σ {mass_name}", *sink_piece), total, table)
    own = pair.weight if label == "weight" else float(mass[pair.at]) / total
    yield ArithmeticLine(label, (*mine, " / ", total), own)


def format_pieces(pieces: tuple[Piece, ...], digits: int = DIGITS) -> str:
    """Text and numbers as one expression; a negative number after an operator has parentheses."""
    parts = []
    for n, piece in enumerate(pieces):
        if isinstance(piece, str):
            parts.append(piece)
            continue
        text = format_digits(piece, digits)
        after = pieces[n + 1] if n + 1 < len(pieces) else ""
        before = str(pieces[n - 1]).rstrip() if n else ""
        is_power = isinstance(after, str) and after.startswith(("²", "^"))
        if text.startswith("-") and (before.endswith(OPERATORS) or is_power):
            text = f"({text})"
        parts.append(text)
    return "".join(parts)


def format_digits(value: float, digits: int) -> str:
    """A number with this many significant digits; whole numbers of type int in full."""
    return str(value) if isinstance(value, int) else f"{value + 0.0:.{digits}g}"
