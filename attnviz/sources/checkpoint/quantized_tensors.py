"""Quantized tensors of safetensors files: FP8 with scales, and MXFP4 blocks.

Both are stored as two tensors, of numbers and of scales, which become one here. Numbers become
float32 as they are used.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from attnviz.core.arrays import FloatArray, Shape
from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.tensors import Tensor, TensorIndex, format_shape

FP8_DTYPES = ("F8_E4M3", "F8_E5M2")
FP8_SCALES = ("_scale_inv", "_scale")  # ends of the names of their scales
BLOCKS, SCALES = "_blocks", "_scales"  # ends of the names of MXFP4 tensors
BLOCK_SIZE = 32  # numbers of an MXFP4 block, which share a scale


class ScaledTensor(Tensor, eq=False):
    """A tensor of 8-bit floats: number times scale, one scale per block of rows and columns.

    Shapes: [*, row, column], scale [*, row / block rows, column / block columns]
    """

    scale: Tensor
    block: tuple[int, int]

    @cached_property
    def raw(self) -> NDArray[Any]:
        """The stored bytes.    -> [*shape]"""
        return self.file[self.start : self.end].reshape(self.shape)

    @property
    def is_readable(self) -> bool:
        """Always; tensors of other dtypes are of other classes."""
        return True

    def read(self, index: TensorIndex = ...) -> FloatArray:
        """The indexed part as float32.    -> [*index]"""
        rows, columns = index if isinstance(index, tuple) else (index, ...)
        numbers = fp8_values(self.dtype)[self.stored[index]]
        scale = self.scale.read()
        for axis, selected in ((-2, rows), (-1, columns)):
            places = np.arange(self.shape[axis])[selected] // self.block[axis]
            scale = np.take(scale, places, axis=axis)
        with np.errstate(all="ignore"):  # damaged scales: the attention refuses what is not finite
            numbers *= scale
        return numbers

    def at(self, index: int) -> Self:
        """The tensor at an index of the first axis; nothing is read.    [n, *shape] -> [*shape]"""
        return replace(super().at(index), scale=self.scale.at(index))


class Mxfp4Tensor(Tensor, eq=False):
    """A tensor of 4-bit floats in blocks of 32 along the last axis: number times 2^(scale - 127).

    Each byte holds two numbers, the first one in its lower half.
    Shapes: [*, row, column], scale [*, row, column / 32]
    Paper: 2310.10537
    """

    scale: Tensor

    @cached_property
    def raw(self) -> NDArray[Any]:
        """The stored bytes.    -> [*, row, block, 16]"""
        n_block = self.shape[-1] // BLOCK_SIZE
        stored = self.file[self.start : self.end]
        return stored.reshape(*self.shape[:-1], n_block, BLOCK_SIZE // 2)

    @property
    def is_readable(self) -> bool:
        """Always; tensors of other dtypes are of other classes."""
        return True

    def read(self, index: TensorIndex = ...) -> FloatArray:
        """The indexed part as float32.    -> [*index]"""
        rows, columns = index if isinstance(index, tuple) else (index, ...)
        exponent = self.scale.file[self.scale.start : self.scale.end].reshape(self.scale.shape)
        numbers = FP4_PAIRS[self.stored[rows]].view(np.float32)
        with np.errstate(all="ignore"):
            numbers = np.ldexp(numbers, exponent[rows][..., None].astype(np.int32) - 127)
        whole: FloatArray = numbers.reshape(*numbers.shape[:-2], self.shape[-1])
        return whole if columns is ... else whole[..., columns]

    def at(self, index: int) -> Self:
        """The tensor at an index of the first axis; nothing is read.    [n, *shape] -> [*shape]"""
        return replace(super().at(index), scale=self.scale.at(index))


def fp8_values(dtype: str) -> FloatArray:
    """The value of each byte as an 8-bit float.    -> [256]

    E5M2 is the upper half of a float16. E4M3 has no infinity; its exponent bias is 7.
    Paper: 2209.05433
    """
    byte = np.arange(256, dtype=np.uint16)
    if dtype == "F8_E5M2":
        with np.errstate(invalid="ignore"):
            return (byte << 8).view(np.float16).astype(np.float32)
    sign = np.where(byte & 0x80, -1.0, 1.0)
    exponent, fraction = (byte >> 3 & 15).astype(np.int32), byte & 7
    value = np.ldexp(np.where(exponent, 8 + fraction, fraction), np.maximum(exponent, 1) - 10)
    value[byte & 0x7F == 0x7F] = np.nan
    return (sign * value).astype(np.float32)


def fp4_pairs() -> NDArray[np.uint64]:
    """The two numbers of each byte of an MXFP4 block, as the bytes of two float32.    -> [256]

    One index per byte is four times as fast as one for a row of two numbers.
    """
    positive = np.array([0.0, 0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0], dtype=np.float32)
    values = np.concatenate([positive, -positive])
    byte = np.arange(256)
    pairs = np.stack([values[byte & 15], values[byte >> 4]], axis=-1)
    return pairs.view(np.uint64).ravel()


FP4_PAIRS = fp4_pairs()


def join_scales(
    tensors: Mapping[str, Tensor], block: tuple[int, int] | None = None
) -> dict[str, Tensor]:
    """The tensors, with those of numbers and of scales as one.

    `block`: rows and columns of a block with one FP8 scale, where there is more than one per row.
    An FP8 tensor without scales stays as it is.
    Raises InvalidInputError for scales that do not fit their tensor.
    """
    joined = dict(tensors)
    for name, tensor in tensors.items():
        if tensor.dtype in FP8_DTYPES:
            scale_name = next((name + end for end in FP8_SCALES if name + end in tensors), "")
            if scale_name:
                joined[name] = scaled_tensor(tensor, joined.pop(scale_name), scale_name, block)
        elif name.endswith(BLOCKS) and (scales := name.removesuffix(BLOCKS) + SCALES) in tensors:
            joined[name] = mxfp4_tensor(tensor, joined.pop(scales), name)
    return joined


def scaled_tensor(
    tensor: Tensor, scale: Tensor, scale_name: str, block: tuple[int, int] | None
) -> ScaledTensor:
    """An FP8 tensor with its scales: one for all, one per row, or one per block."""
    layouts: list[tuple[Sequence[Shape], tuple[int, int]]] = []  # shapes, the last with all axes
    if len(tensor.shape) == 2:
        n_row, n_column = tensor.shape
        layouts.append((((), (1,), (1, 1)), (n_row, n_column)))
        layouts.append((((n_row,), (n_row, 1)), (1, n_column)))
    if len(tensor.shape) > 1 and block is not None:
        counts = (-(-size // n) for size, n in zip(tensor.shape[-2:], block, strict=True))
        layouts.append((((*tensor.shape[:-2], *counts),), block))
    for shapes, size in layouts:
        if scale.shape in shapes and scale.is_readable:
            fitted = replace(scale, shape=shapes[-1])
            return ScaledTensor(**stored_fields(tensor), scale=fitted, block=size)
    raise InvalidInputError(
        f"tensor {scale_name!r} ({scale.dtype}, {format_shape(scale.shape)}) does not fit the "
        f"tensor that it scales ({format_shape(tensor.shape)}"
        + (f", in blocks of {format_shape(block)})" if block else ")")
    )


def mxfp4_tensor(blocks: Tensor, scale: Tensor, name: str) -> Mxfp4Tensor:
    """A tensor of MXFP4 blocks with their scales."""
    is_block = blocks.dtype == scale.dtype == "U8" and blocks.shape[-1:] == (BLOCK_SIZE // 2,)
    if not is_block or blocks.shape[:-1] != scale.shape or len(scale.shape) < 2:
        raise InvalidInputError(
            f"tensor {name!r} ({blocks.dtype}, {format_shape(blocks.shape)}) should be MXFP4 "
            f"blocks of 16 bytes, with a scale each; the scales are {scale.dtype}, "
            f"{format_shape(scale.shape)}"
        )
    shape = (*scale.shape[:-1], BLOCK_SIZE * scale.shape[-1])
    return Mxfp4Tensor(**stored_fields(replace(blocks, dtype="MXFP4", shape=shape)), scale=scale)


def stored_fields(tensor: Tensor) -> dict[str, Any]:
    """The fields of a stored tensor."""
    return {name: getattr(tensor, name) for name in ("file", "dtype", "shape", "start", "end")}
