"""Tensors of safetensors files, memory-mapped and converted to float32 as they are used.

The safetensors library validates the header. NumPy maps the data, because the library copies
a tensor as a whole (a vocabulary, to read eight rows) and has no bfloat16 for NumPy.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from types import EllipsisType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from attnviz.core.arrays import FloatArray, Shape
from attnviz.errors import CouldNotError, InvalidInputError, missing_package
from attnviz.record import Record
from attnviz.sources.checkpoint.mapped_file import map_bytes, require_whole
from attnviz.sources.safe_read import decode_text
from attnviz.sources.strict_json import parse_json

MAX_HEADER = 100_000_000  # bytes, the limit of the library
MAX_FILE = 1 << 50
NUMPY_DTYPES = {"F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2"}
DTYPE_NAMES = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
DTYPE_NAMES |= {"F8_E4M3": "float8_e4m3", "F8_E5M2": "float8_e5m2"}
TensorIndex = NDArray[np.intp] | slice | tuple[slice, slice] | EllipsisType
ExpectedShape = Sequence[int | None]  # None: any size


class Tensor(Record, eq=False):
    """A stored tensor: its bytes in a file, dtype and shape."""

    file: NDArray[np.uint8]
    dtype: str
    shape: Shape
    start: int
    end: int

    @cached_property
    def raw(self) -> NDArray[Any]:
        """The data as stored; bfloat16 as uint16.    -> [*shape]"""
        return self.file[self.start : self.end].view(NUMPY_DTYPES[self.dtype]).reshape(self.shape)

    @property
    def stored(self) -> NDArray[Any]:
        """The same, for reading. Raises InvalidInputError if the file has been truncated."""
        require_whole(self.file)
        return self.raw

    @property
    def is_readable(self) -> bool:
        """Whether the dtype can be converted to float32."""
        return self.dtype in NUMPY_DTYPES

    @property
    def read_cost(self) -> int:
        """Number of multiplications that take as long as reading one number."""
        return 0

    def read(self, index: TensorIndex = ...) -> FloatArray:
        """The indexed part as float32, without a copy of float32.    -> [*index]

        A bfloat16 has the upper 16 bits of a float32, so it is converted by a shift.
        """
        numbers = self.stored[index]
        if numbers.dtype == np.float32:
            return numbers
        if self.dtype == "BF16":
            bits = numbers.astype(np.uint32)
            bits <<= 16
            return bits.view(np.float32)
        with np.errstate(over="ignore"):  # beyond float32: the attention refuses infinity
            return numbers.astype(np.float32, copy=False)

    def at(self, index: int) -> Self:
        """The tensor at an index of the first axis; nothing is read.    [n, *shape] -> [*shape]"""
        size = (self.end - self.start) // self.shape[0]
        start = self.start + index * size
        return replace(self, shape=self.shape[1:], start=start, end=start + size)


class Tensors(Record):
    """All tensors of a checkpoint, by name; `prefixes` are tried before each name."""

    by_name: Mapping[str, Tensor]
    prefixes: tuple[str, ...] = ("",)

    @cached_property
    def lookups(self) -> dict[tuple[Any, ...], Tensor]:
        """Tensors that were found and checked before, by name and expected shape."""
        return {}

    def find(self, *names: str) -> str | None:
        """The first of these names that exists, with its prefix; else None."""
        full_names = (prefix + name for name in names for prefix in self.prefixes)
        return next((name for name in full_names if name in self.by_name), None)

    def shape(self, name: str) -> Shape:
        """The shape of a tensor. Raises InvalidInputError where it is missing."""
        return self.tensor(name, ()).shape

    def get(self, name: str, shape: ExpectedShape) -> FloatArray:
        """A whole tensor.    -> [*shape], float32"""
        return self.tensor(name, shape).read()

    def rows(self, name: str, indices: Sequence[int] | slice, width: int | None) -> FloatArray:
        """Some rows of a matrix; the others are not read.    -> [row, width], float32"""
        tensor = self.tensor(name, (None, width))
        if isinstance(indices, slice):
            return tensor.read(indices)
        for index in (min(indices, default=0), max(indices, default=-1)):
            if not -1 < index < tensor.shape[0] and len(indices):
                raise InvalidInputError(
                    f"tensor {name!r} has no row {index}; it has {tensor.shape[0]} rows"
                )
        return tensor.read(np.asarray(indices, dtype=np.intp))

    def tensor(self, name: str, shape: ExpectedShape) -> Tensor:
        """A stored tensor. Raises InvalidInputError for one that is missing or misshapen.

        An empty `shape` allows any.
        """
        request = (name, *shape)
        if request not in self.lookups:
            self.lookups[request] = self.lookup(name, shape)
        return self.lookups[request]

    def lookup(self, name: str, shape: ExpectedShape) -> Tensor:
        """Find a tensor and check its shape and dtype."""
        full_name = self.find(name)
        if full_name is None:
            raise InvalidInputError(f"the checkpoint has no tensor {name!r}")
        tensor = self.by_name[full_name]
        if shape and not matches_shape(tensor.shape, shape):
            expected, actual = format_shape(shape), format_shape(tensor.shape)
            raise InvalidInputError(f"tensor {full_name!r} should be {expected}; it is {actual}")
        if not tensor.is_readable:
            raise InvalidInputError(
                f"tensor {full_name!r} has dtype {tensor.dtype}; supported: "
                f"{', '.join(NUMPY_DTYPES)}, FP8 with a tensor of scales (…_scale_inv, …_scale), "
                "MXFP4 blocks with scales"
            )
        return tensor

    @cached_property
    def dtype(self) -> str:
        """The dtype of most parameters."""
        counts: dict[str, int] = {}
        for tensor in self.by_name.values():
            counts[tensor.dtype] = counts.get(tensor.dtype, 0) + math.prod(tensor.shape)
        dtype = max(counts, key=lambda name: counts[name], default="F32")
        return DTYPE_NAMES.get(dtype, dtype)

    @property
    def n_by_dtype(self) -> dict[str, int]:
        """Number of tensors of each dtype, the most frequent one first."""
        names = (DTYPE_NAMES.get(tensor.dtype, tensor.dtype) for tensor in self.by_name.values())
        return dict(Counter(names).most_common())

    @property
    def n_parameter(self) -> int:
        """Number of parameters."""
        return sum(math.prod(tensor.shape) for tensor in self.by_name.values())


def format_shape(shape: ExpectedShape) -> str:
    """A shape for a message, "32 × any"."""
    return " × ".join("any" if n is None else str(n) for n in shape) or "a scalar"


def matches_shape(shape: Shape, expected: ExpectedShape) -> bool:
    """Whether a shape is the expected one; None stands for any size."""
    pairs = zip(shape, expected, strict=False)
    return len(shape) == len(expected) and all(size in (None, n) for n, size in pairs)


def map_file(path: Path) -> Iterator[tuple[str, Tensor]]:
    """The memory-mapped tensors of one file. Raises InvalidInputError for a damaged file."""
    check_header(path)
    file = map_bytes(path)
    data_start = 8 + int.from_bytes(file[:8].tobytes(), "little")
    try:
        header = parse_json(decode_text(file[8:data_start].tobytes()))
    except InvalidInputError as error:
        raise InvalidInputError(
            f"{str(path)!r} is not a valid safetensors file: {error}"
        ) from None
    header.pop("__metadata__", None)
    for name, entry in header.items():
        start, end = (data_start + offset for offset in entry["data_offsets"])
        yield name, Tensor(file, entry["dtype"], tuple(entry["shape"]), start, end)


def check_header(path: Path) -> None:
    """Validate a header by the library: offsets, overlaps, shapes, the length of the file."""
    try:
        from safetensors import SafetensorError, safe_open
    except ImportError:
        raise missing_package("reading a model", "safetensors", "models") from None
    try:
        with safe_open(str(path), framework="np"):
            pass
    except SafetensorError as error:
        reason = describe_missing_bytes(path) or error
        raise InvalidInputError(
            f"{str(path)!r} is not a valid safetensors file: {reason}"
        ) from None
    except OSError as error:
        raise CouldNotError(f"cannot read {str(path)!r}: {error.strerror or error}") from None


def describe_missing_bytes(path: Path) -> str:
    """How much of a file is missing by its header; "" where that cannot be said."""
    with path.open("rb") as file:
        n_header = int.from_bytes(file.read(8), "little")
        content = file.read(min(n_header, MAX_HEADER))
        n_byte = file.seek(0, 2)
    try:
        entries = parse_json(decode_text(content)).values()
        n_data = max(entry["data_offsets"][1] for entry in entries if "data_offsets" in entry)
        n_stated = 8 + n_header + n_data
    except (InvalidInputError, AttributeError, KeyError, TypeError, ValueError, IndexError):
        return ""
    if not n_byte < n_stated < MAX_FILE:
        return ""
    return f"it has {n_byte:,} of {n_stated:,} bytes; download it again"
