"""Tensors of a GGUF file: dequantized as they are used, in the layout of the family.

llama.cpp stores some tensors in another order of rows, transposed, or with a constant added;
each is undone for the rows that are read.
"""

from __future__ import annotations

from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnviz.core.arrays import FloatArray, IntArray
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
            numbers = dequantize(self.raw[index], self.dtype)
        else:
            numbers = super().read(index)
        return numbers - np.float32(self.added) if self.added else numbers


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
