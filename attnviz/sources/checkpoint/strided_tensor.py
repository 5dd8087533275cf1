"""Tensors whose elements do not follow each other in the file, such as a transposed matrix."""

from __future__ import annotations

from dataclasses import replace
from functools import cached_property
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from attnviz.core.arrays import Shape
from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.tensors import NUMPY_DTYPES, Tensor

ITEM_BYTES = {
    **dict.fromkeys(("F64", "I64"), 8),
    **dict.fromkeys(("F32", "I32"), 4),
    **dict.fromkeys(("F16", "BF16", "I16"), 2),
    **dict.fromkeys(("I8", "U8", "BOOL"), 1),
}


class StridedTensor(Tensor, eq=False):
    """A stored tensor with the distance of neighbors along each axis, in elements."""

    strides: Shape

    @cached_property
    def raw(self) -> NDArray[Any]:
        """The data as stored; bfloat16 as uint16.    -> [*shape]"""
        width = ITEM_BYTES[self.dtype]
        return np.ndarray(
            self.shape,
            NUMPY_DTYPES[self.dtype],
            self.file.data,
            self.start,
            [stride * width for stride in self.strides],
        )

    def at(self, index: int) -> Self:
        """The tensor at an index of the first axis; nothing is read.    [n, *shape] -> [*shape]"""
        start = self.start + index * self.strides[0] * ITEM_BYTES[self.dtype]
        return replace(self, shape=self.shape[1:], start=start, strides=self.strides[1:])


def check_strides(offset: int, shape: Shape, strides: Shape, n_element: int) -> None:
    """Raise InvalidInputError for a tensor beyond its storage, or whose elements overlap."""
    last = offset + sum((size - 1) * stride for size, stride in zip(shape, strides, strict=True))
    if last >= n_element:
        raise InvalidInputError(
            f"element {last:,} is outside of its storage of {n_element:,} elements"
        )
    reach = 0  # the farthest element along the axes before, in the order of their strides
    for stride, size in sorted(zip(strides, shape, strict=True)):
        if size > 1:
            if stride <= reach:
                raise InvalidInputError("its elements overlap")
            reach += (size - 1) * stride
