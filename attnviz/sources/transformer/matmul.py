"""Products with stored matrices, in pieces that threads can share.

How they are cut depends on the sizes alone, so the numbers do not depend on the threads.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.parallel import each
from attnviz.record import Record
from attnviz.sources.checkpoint.tensors import Tensor, lifted

STRAIGHT = 1 << 24  # products of two numbers that are not worth a thread
COLUMNS = 256  # columns of a piece: its part of the matrix stays near the processor
SMALL = 3 << 17  # products of two numbers that BLAS makes without packing the matrix
THIN = 16  # columns below which pieces are too many to be worth it


class Product(Record):
    """x Wᵀ + b, of which any columns can be had; of the matrix no more is lifted than they need.

    Shapes: x [token, d], matrix [width, d] (or [d, width], where it is stored so), bias [width]
    """

    x: FloatArray
    matrix: Tensor
    bias: FloatArray | None
    in_first: bool
    width: int

    def columns(self, some: slice, out: FloatArray | None = None) -> FloatArray:
        """Some columns, where they belong or on their own.    -> [token, column]"""
        if self.in_first:
            y: FloatArray = np.matmul(self.x, lifted(self.matrix, (slice(None), some)), out=out)
        else:
            y = times(self.x, lifted(self.matrix, some), out)
        if self.bias is not None:
            y += self.bias[some]
        return y

    def wide(self) -> Wide:
        """All columns, not yet made."""
        n_token, d = self.x.shape
        return Wide(self.columns, n_token, d, self.width)


class Wide(NamedTuple):
    """A matrix that is made by columns: `write` makes some of them where they belong.

    Shapes: -> [token, width], each number from `d` others
    """

    write: Callable[[slice, FloatArray], object]
    n_token: int
    d: int
    width: int


def made(*matrices: Wide) -> list[FloatArray]:
    """Several matrices at once.    -> each [token, width]"""
    found = [np.empty((m.n_token, m.width), dtype=np.float32) for m in matrices]
    pieces = [
        (m.write, some, y[:, some])
        for m, y in zip(matrices, found, strict=True)
        for some in cut(m.n_token * m.d * m.width, m.width)
    ]
    cost = sum(m.n_token * m.d * m.width for m in matrices)
    for _ in each(lambda piece: piece[0](*piece[1:]), pieces, much=cost > STRAIGHT):
        pass
    return found


def cut(cost: int, width: int) -> list[slice]:
    """Columns in pieces, or all of them where that is little work."""
    n_piece = -(-width // COLUMNS) if cost > STRAIGHT else 1
    edges = [width * i // n_piece for i in range(n_piece + 1)]
    return [slice(*pair) for pair in pairwise(edges)]


def times(x: FloatArray, matrix: FloatArray, out: FloatArray | None = None) -> FloatArray:
    """x Wᵀ; for a few tokens in pieces that BLAS makes without packing the matrix first.

    Shapes: [token, d], [width, d] -> [token, width]
    """
    few, width = SMALL // max(1, x.size), len(matrix)
    if not THIN <= few < width:
        return np.matmul(x, matrix.T, out=out)
    y = np.empty((len(x), width), dtype=np.float32) if out is None else out
    for i in range(0, width, few):
        np.matmul(x, matrix[i : i + few].T, out=y[:, i : i + few])
    return y
