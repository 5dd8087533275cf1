"""Learned numbers, read from safetensors files as they are needed.

The header is checked by the safetensors library, which knows a dozen ways in which it can be
wrong. The numbers are then mapped by NumPy, because the library copies a tensor whole (a
vocabulary, to read eight rows) and cannot give bfloat16 to NumPy at all.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import EllipsisType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from attnviz.core.arrays import FloatArray, Shape
from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.record import Record
from attnviz.sources.checkpoint.config import once

STORED = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
WORDS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
Some = NDArray[np.intp] | slice | tuple[slice, slice] | EllipsisType
Expected = Sequence[int | None]  # None: any size


class Tensor(Record):
    """Where the numbers of one tensor lie."""

    file: NDArray[np.uint8]
    dtype: str
    shape: Shape
    start: int
    end: int

    @cached_property
    def stored(self) -> NDArray[Any]:
        """The numbers as they lie in the file.    -> [*shape]"""
        return self.file[self.start : self.end].view(STORED[self.dtype]).reshape(self.shape)


class Tensors(Record):
    """All tensors of a checkpoint, by name; `prefixes` are tried before each name."""

    have: Mapping[str, Tensor]
    prefixes: tuple[str, ...] = ("",)

    @cached_property
    def checked(self) -> dict[tuple[Any, ...], Tensor]:
        """What was asked for once before: names and shapes."""
        return {}

    def find(self, *names: str) -> str | None:
        """The first of these names that is there, with its prefix."""
        full = (prefix + name for name in names for prefix in self.prefixes)
        return next((name for name in full if name in self.have), None)

    def shape(self, name: str) -> Shape:
        """The shape of a tensor that has to be there."""
        return self.tensor(name, ()).shape

    def get(self, name: str, shape: Expected) -> FloatArray:
        """All of a tensor.    -> [*shape], float32"""
        return lifted(self.tensor(name, shape))

    def rows(self, name: str, wanted: Sequence[int] | slice, width: int | None) -> FloatArray:
        """Some rows of a matrix; the others are not read.    -> [row, width], float32"""
        tensor = self.tensor(name, (None, width))
        if isinstance(wanted, slice):
            return lifted(tensor, wanted)
        if max(wanted, default=0) >= tensor.shape[0]:
            raise InvalidInputError(
                f"row {max(wanted)} of tensor {name!r} is asked for; it has {tensor.shape[0]}"
            )
        return lifted(tensor, np.asarray(wanted, dtype=np.intp))

    def tensor(self, name: str, shape: Expected) -> Tensor:
        """A tensor of this shape (any, where `shape` is empty), or a refusal."""
        asked = (name, *shape)
        if asked not in self.checked:
            self.checked[asked] = self.check(name, shape)
        return self.checked[asked]

    def check(self, name: str, shape: Expected) -> Tensor:
        """Look whether a tensor is there and as it should be."""
        found = self.find(name)
        if found is None:
            raise InvalidInputError(f"the checkpoint has no tensor {name!r}")
        tensor = self.have[found]
        if shape and not fits(tensor.shape, shape):
            wanted = " × ".join("any" if n is None else str(n) for n in shape)
            there = " × ".join(map(str, tensor.shape)) or "a single number"
            raise InvalidInputError(f"tensor {found!r} should be {wanted}; it is {there}")
        if tensor.dtype not in STORED:
            raise InvalidInputError(
                f"tensor {found!r} is stored as {tensor.dtype}; there are {', '.join(STORED)} "
                "(8-bit floats and quantised weights have to be converted first)"
            )
        return tensor

    @property
    def dtype(self) -> str:
        """In which type most numbers are stored."""
        count: dict[str, int] = {}
        for tensor in self.have.values():
            count[tensor.dtype] = count.get(tensor.dtype, 0) + math.prod(tensor.shape)
        most = max(count, key=lambda name: count[name], default="F32")
        return WORDS.get(most, most)

    @property
    def n_number(self) -> int:
        """How many numbers were learned."""
        return sum(math.prod(tensor.shape) for tensor in self.have.values())


def fits(shape: Shape, wanted: Expected) -> bool:
    """Whether a shape is what was expected, None standing for any size."""
    pairs = zip(shape, wanted, strict=False)
    return len(shape) == len(wanted) and all(w in (None, n) for n, w in pairs)


def lifted(tensor: Tensor, some: Some = ...) -> FloatArray:
    """Some numbers (all, unless said) as float32; float32 itself is not copied.    -> [*some]

    A bfloat16 is the upper half of a float32, so it is lifted bit by bit.
    """
    numbers = tensor.stored[some]
    if tensor.dtype == "BF16":
        wide = numbers.astype(np.uint32)
        wide <<= 16
        return wide.view(np.float32)
    return numbers.astype(np.float32, copy=False)


def read_tensors(paths: Sequence[Path]) -> dict[str, Tensor]:
    """The tensors of all files of a checkpoint."""
    found: dict[str, Tensor] = {}
    for path in paths:
        for name, tensor in tensors_of(path):
            if name in found:
                raise InvalidInputError(f"tensor {name!r} stands in two files of the checkpoint")
            found[name] = tensor
    return found


def tensors_of(path: Path) -> Iterator[tuple[str, Tensor]]:
    """The tensors of one file, mapped. Raises InvalidInputError for a damaged one."""
    check(path)
    file = np.memmap(path, dtype=np.uint8, mode="r")
    data = 8 + int.from_bytes(file[:8].tobytes(), "little")
    try:
        header = json.loads(file[8:data].tobytes(), object_pairs_hook=once)
    except ValueError as problem:
        raise InvalidInputError(f"{str(path)!r} is no sound safetensors file: {problem}") from None
    header.pop("__metadata__", None)
    for name, entry in header.items():
        start, end = (data + offset for offset in entry["data_offsets"])
        yield name, Tensor(np.asarray(file), entry["dtype"], tuple(entry["shape"]), start, end)


def check(path: Path) -> None:
    """Let the library look at the header: offsets, overlaps, shapes, the length of the file."""
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise CouldNotError(
            "reading a model needs the safetensors package: pip install 'attnviz[models]'"
        ) from None
    try:
        with safe_open(str(path), framework="np"):
            pass
    except SafetensorError as problem:
        raise InvalidInputError(f"{str(path)!r} is no sound safetensors file: {problem}") from None
    except OSError as problem:
        why = problem.strerror or problem
        raise CouldNotError(f"cannot read {str(path)!r}: {why}") from None
