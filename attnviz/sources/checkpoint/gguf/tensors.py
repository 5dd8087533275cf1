"""Tensors of a GGUF file: dequantized as they are used, in the layout of the family.

llama.cpp stores some tensors in another order of rows, transposed, or with a constant added;
each is undone for the rows that are read.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.gguf.header import import_gguf
from attnviz.sources.checkpoint.tensors import NUMPY_DTYPES, Tensor, TensorIndex

NUMBERS_AT_ONCE = 1 << 15  # more of them would leave the processor's cache
DEQUANTIZATION_COST = 32  # multiplications; measured for the kinds with 4 to 8 bits


class GgufTensor(Tensor, eq=False):
    """A tensor of a GGUF file.

    `dtype` is its kind ("F32", "Q4_1", …), `shape` that of the tensor as the family has it.
    Row i is the stored row `order[i]`; `added` is what was added to all numbers.
    Shapes: order [row]
    """

    order: IntArray | None = None
    transposed: bool = False
    added: float = 0.0

    @property
    def is_readable(self) -> bool:
        """Whether the package `gguf`, or NumPy, can convert the kind to float32."""
        return self.dtype in NUMPY_DTYPES or hasattr(import_gguf().quants, self.dtype)

    @property
    def is_quantized(self) -> bool:
        """Whether the numbers are stored in blocks."""
        return self.dtype not in NUMPY_DTYPES

    @property
    def read_cost(self) -> int:
        """Number of multiplications that take as long as dequantizing one number."""
        return DEQUANTIZATION_COST if self.is_quantized else 0

    @cached_property
    def raw(self) -> NDArray[Any]:
        """The data as stored; of quantized tensors, the bytes of each row.    -> [row, …]"""
        shape = self.shape[::-1] if self.transposed else self.shape
        stored = self.file[self.start : self.end]
        if self.is_quantized:
            return stored.reshape(*shape[:-1], -1)
        return stored.view(NUMPY_DTYPES[self.dtype]).reshape(shape)

    def read(self, index: TensorIndex = ...) -> FloatArray:
        """The indexed part as float32; other rows are not dequantized.    -> [*index]"""
        rows, columns = index if isinstance(index, tuple) else (index, None)
        if self.transposed:
            block = self.read_rows(... if columns is None else columns).T
            return block if rows is ... else block[rows]
        block = self.read_rows(rows)
        return block if columns is None else block[:, columns]

    def read_rows(self, rows: Any) -> FloatArray:
        """Some rows as stored, apart from their order.    -> [row, …]"""
        index = rows if self.order is None else self.order[rows]
        if self.is_quantized:
            numbers = dequantize(self.stored[index], self.dtype)
        else:
            numbers = super().read(index)
        return numbers - np.float32(self.added) if self.added else numbers


class AlternatingTensor(Tensor, eq=False):
    """Two tensors as one whose rows alternate: rows 0, 2, … of the first, 1, 3, … of the second.

    Shapes: first and second [row, …] or, of all experts, [expert, row, …]
    """

    first: GgufTensor
    second: GgufTensor

    @property
    def is_readable(self) -> bool:
        """Whether both kinds can be converted to float32."""
        return self.first.is_readable and self.second.is_readable

    @property
    def read_cost(self) -> int:
        """Number of multiplications that take as long as reading one number."""
        return max(self.first.read_cost, self.second.read_cost)

    def at(self, index: int) -> Self:
        """The tensor of one expert."""
        return replace(
            self,
            shape=self.shape[1:],
            first=self.first.at(index),
            second=self.second.at(index),
        )

    def read(self, index: TensorIndex = ...) -> FloatArray:
        """The indexed rows, or experts, as float32.    -> [row, …]"""
        rows = np.arange(self.shape[0])[index]
        if self.first.shape[0] == self.shape[0]:  # of all experts
            return np.stack([self.at(int(i)).read() for i in rows])
        numbers = np.empty((len(rows), *self.shape[1:]), dtype=np.float32)
        for parity, tensor in enumerate((self.first, self.second)):
            is_own = rows % 2 == parity
            numbers[is_own] = tensor.read(rows[is_own] // 2)
        return numbers


def alternate(first: GgufTensor, second: GgufTensor) -> AlternatingTensor:
    """Two tensors with alternating rows; those of all experts with an axis before the rows.

    Raises InvalidInputError for tensors of other shapes.
    """
    if first.shape != second.shape or len(first.shape) < 2:
        raise InvalidInputError(
            f"GGUF tensors of gate and up should have the same shape; they have "
            f"{' × '.join(map(str, first.shape))} and {' × '.join(map(str, second.shape))}"
        )
    n, n_row, *rest = first.shape
    shape = (n, 2 * n_row, *rest)
    return AlternatingTensor(first.file, first.dtype, shape, first.start, first.end, first, second)


def dequantize(stored: NDArray[np.uint8], kind: str) -> FloatArray:
    """Rows of quantized blocks as float32.    [row, …, byte] -> [row, …, number]

    The package's function for whole tensors takes sixteen rows at once, which takes twice the
    time of its function for blocks.
    """
    quantization = getattr(import_gguf().quants, kind)
    quantization.init_grid()  # the table of the kinds that have one
    n_number, n_byte = quantization.block_size, quantization.type_size
    blocks = stored.reshape(-1, n_byte)
    numbers = np.empty((len(blocks), n_number), dtype=np.float32)
    step = NUMBERS_AT_ONCE // n_number
    with np.errstate(all="ignore"):  # damaged scales: the attention refuses what is not finite
        for i in range(0, len(blocks), step):
            numbers[i : i + step] = quantization.dequantize_blocks(blocks[i : i + step])
    return numbers.reshape(*stored.shape[:-1], stored.shape[-1] // n_byte * n_number)


def rotated_pairs(n_head: int, d_head: int) -> IntArray:
    """The order of rows that undoes llama.cpp's rotary layout.    -> [head × d]

    The family rotates (j, j + d/2); llama.cpp stores each such pair as neighbours.
    """
    rows = np.arange(n_head * d_head).reshape(n_head, d_head // 2, 2)
    return rows.swapaxes(1, 2).ravel()


def fused_heads(n_head: int, d_head: int) -> IntArray:
    """The order of rows that joins queries, keys and values of each head.    -> [3 × head × d]

    The family has them head by head; llama.cpp stores all queries, then all keys, then values.
    """
    rows = np.arange(3 * n_head * d_head).reshape(3, n_head, d_head)
    return rows.swapaxes(0, 1).ravel()
