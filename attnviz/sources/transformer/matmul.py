"""Matrix products with stored weights, in blocks of columns that threads compute in parallel.

Blocks depend on the sizes alone, so results do not depend on the number of threads.
"""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.engine.parallel import map_tasks
from attnviz.record import Record
from attnviz.sources.checkpoint.tensors import Tensor

MIN_PARALLEL_COST = 1 << 24  # multiplications; threads do not pay for fewer
BLOCK_COLUMNS = 256  # per block: its part of the matrix stays in the processor's cache
UNPACKED_COST = 3 << 17  # multiplications up to which BLAS does not pack the matrix
MIN_BLOCK_COLUMNS = 16  # narrower blocks cost more calls than they save


class LazyLinear(Record, eq=False):
    """x Wᵀ + b, computed by columns: only the rows of W that they need become float32.

    Shapes: x [token, d], matrix [width, d] (with `in_first` [d, width]), bias [width]
    """

    x: FloatArray
    matrix: Tensor
    bias: FloatArray | None
    in_first: bool
    width: int

    def columns(self, selected: slice, out: FloatArray | None = None) -> FloatArray:
        """Compute some columns, into `out` if given.    -> [token, column]"""
        if self.in_first:
            y: FloatArray = np.matmul(self.x, self.matrix.read((slice(None), selected)), out=out)
        else:
            y = multiply_transposed(self.x, self.matrix.read(selected), out)
        if self.bias is not None:
            y += self.bias[selected]
        return y

    def lazy(self) -> LazyMatrix:
        """All columns, as a matrix for `materialize`."""
        n_token, d = self.x.shape
        return LazyMatrix(self.columns, n_token, d, self.width, self.matrix.read_cost)


class LazyMatrix(NamedTuple):
    """A matrix computed by columns: `write(columns, out)` computes some of them into `out`.

    `d` are the multiplications per element, `read_cost` those that take as long as reading one
    number of the stored matrix.
    Shapes: -> [token, width]
    """

    write: Callable[[slice, FloatArray], object]
    n_token: int
    d: int
    width: int
    read_cost: int = 0

    @property
    def cost(self) -> int:
        """Number of multiplications that take as long as the whole matrix."""
        return (self.n_token + self.read_cost) * self.d * self.width


def materialize(*matrices: LazyMatrix) -> list[FloatArray]:
    """Compute several matrices in parallel.    -> each [token, width]"""
    results = [np.empty((m.n_token, m.width), dtype=np.float32) for m in matrices]
    blocks = [
        (m.write, columns, y[:, columns])
        for m, y in zip(matrices, results, strict=True)
        for columns in split_columns(m.cost, m.width)
    ]
    cost = sum(m.cost for m in matrices)
    for _ in map_tasks(
        lambda block: block[0](*block[1:]), blocks, is_large=cost > MIN_PARALLEL_COST
    ):
        pass
    return results


def split_columns(cost: int, width: int) -> list[slice]:
    """Columns in blocks, or in one where that is little work."""
    n_block = -(-width // BLOCK_COLUMNS) if cost > MIN_PARALLEL_COST else 1
    edges = [width * i // n_block for i in range(n_block + 1)]
    return [slice(*pair) for pair in pairwise(edges)]


def multiply_transposed(
    x: FloatArray, matrix: FloatArray, out: FloatArray | None = None
) -> FloatArray:
    """x Wᵀ; for few tokens in blocks that BLAS computes without packing the matrix first.

    Shapes: [token, d], [width, d] -> [token, width]
    """
    n_column, width = UNPACKED_COST // max(1, x.size), len(matrix)
    if not MIN_BLOCK_COLUMNS <= n_column < width:
        return np.matmul(x, matrix.T, out=out)
    y = np.empty((len(x), width), dtype=np.float32) if out is None else out
    for i in range(0, width, n_column):
        np.matmul(x, matrix[i : i + n_column].T, out=y[:, i : i + n_column])
    return y
