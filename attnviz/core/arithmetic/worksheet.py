"""Worksheet: rows of numbers that wait for the line of arithmetic which they precede."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, ArithmeticTable, Piece
from attnviz.core.arrays import FloatArray

NamedVector = tuple[str, FloatArray]
LinesTo = Generator[ArithmeticLine, None, FloatArray]  # lines that lead to a vector
SUBSCRIPTS = str.maketrans("0123456789", "₀₁₂₃₄₅₆₇₈₉")


class Worksheet:
    """A derivation in rows and lines; a row is printed once, however often it is used.

    The rows of a table have the same columns: the dimensions of a vector, or `columns`.
    """

    def __init__(self, columns: Sequence[str] | None = None) -> None:
        self.columns = columns
        self.pending: list[tuple[str, FloatArray]] = []
        self.known: set[str] = set()

    def row(self, name: str, values: FloatArray, formula: str = "") -> None:
        """A row of the next table: its name, or its name and the formula that gives it.

        Shapes: values [column]
        """
        if name not in self.known:
            self.known.add(name)
            self.pending.append((f"{name} = {formula}" if formula else name, values))

    def product(self, factors: Mapping[str, FloatArray]) -> NamedVector:
        """A row for each factor, and one for their product, by dimension.

        Shapes: [d] each -> the name and the values [d] of the product
        """
        for name, values in factors.items():
            self.row(name, values)
        name = " × ".join(factors)
        product: FloatArray = np.prod(list(factors.values()), axis=0)
        self.row(name, product)
        return name, product

    def line(self, label: str, pieces: tuple[Piece, ...], value: float) -> ArithmeticLine:
        """A line, preceded by the table of the rows since the line before."""
        rows, self.pending = tuple(self.pending), []
        if not rows:
            return ArithmeticLine(label, pieces, float(value))
        columns = self.columns
        if columns is None:
            columns = tuple(map(str, range(len(rows[0][1]))))
        return ArithmeticLine(label, pieces, float(value), ArithmeticTable(tuple(columns), rows))

    def sum_of_products(
        self, label: str, factors: Mapping[str, FloatArray], value: float | None = None
    ) -> ArithmeticLine:
        """The sum over the dimensions of the product of some vectors.

        `value` is the sum as the mechanism has computed it. Shapes: [d] each -> a line
        """
        name, product = self.product(factors)
        return self.line(label, (f"Σ ({name})",), float(product.sum()) if value is None else value)


def subscript(name: str, *indices: int) -> str:
    """A name with its indices below: k₂, or u₂,₁

    >>> subscript("k", 12), subscript("u", 2, 1)
    ('k₁₂', 'u₂,₁')
    """
    return name + ",".join(str(index).translate(SUBSCRIPTS) for index in indices)


def sentence(text: str) -> ArithmeticLine:
    """A line without a value, which states what follows."""
    return ArithmeticLine("", (text,), float("nan"))
