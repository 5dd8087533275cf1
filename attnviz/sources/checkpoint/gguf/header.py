"""The header of a GGUF file (llama.cpp, Ollama): its metadata, and where its tensors are.

Layout: magic, version, number of tensors, number of metadata keys; then each key with its type
and value; then name, shape, kind and offset of each tensor; then, aligned, the data. Numbers are
little-endian. Source: the specification of GGUF, versions 2 and 3.

The file is untrusted: every count and length is compared with the bytes that are left before
anything is read or allocated.
"""

from __future__ import annotations

import math
import mmap
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from attnviz.core.arrays import Shape
from attnviz.errors import CouldNotError, InvalidInputError, missing_package
from attnviz.record import Record
from attnviz.sources.checkpoint.gguf.reader import HeaderReader

MAGIC = b"GGUF"
VERSIONS = (2, 3)
MAX_KEYS, MAX_TENSORS = 1 << 12, 1 << 16
MAX_ALIGNMENT = 1 << 20


class StoredTensor(NamedTuple):
    """A tensor of the file: kind of its blocks ("F32", "Q4_1", …), shape, first and last byte."""

    kind: str
    shape: Shape  # as in NumPy: the axis whose numbers are adjacent is the last
    start: int
    end: int


class GgufHeader(Record, eq=False):
    """Metadata and tensors of a GGUF file; `data` are the bytes of the whole file.

    Values of metadata are numbers, strings, booleans, lists of strings, and arrays.
    """

    path: Path
    data: Any  # mmap.mmap
    metadata: Mapping[str, Any]
    tensors: Mapping[str, StoredTensor]


def is_gguf(path: Path) -> bool:
    """Whether a file begins with the magic number of GGUF."""
    try:
        with path.open("rb") as file:
            return file.read(len(MAGIC)) == MAGIC
    except (OSError, ValueError):
        return False


def read_header(path: Path) -> GgufHeader:
    """The header of a file.

    Raises CouldNotError for a file that cannot be read, InvalidInputError for one that is
    damaged, of another version, or out of bounds.
    """
    try:
        with path.open("rb") as file:
            data = mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ)
    except OSError as error:
        raise CouldNotError(f"cannot read {str(path)!r}: {error.strerror or error}") from None
    except ValueError:  # an empty file cannot be mapped
        raise InvalidInputError(f"{str(path)!r} is empty") from None
    reader = HeaderReader(path, data)
    if data[:4] != MAGIC:
        reader.refuse("it does not begin with GGUF")
    reader.position = 4
    version = reader.number("I")
    if version not in VERSIONS:
        kind = "it is big-endian" if version & 0xFFFF == 0 else f"its version is {version}"
        reader.refuse(f"{kind}; supported: little-endian, versions 2 and 3")
    n_tensor, n_key = reader.count(MAX_TENSORS, "tensors"), reader.count(MAX_KEYS, "metadata keys")
    metadata = read_metadata(reader, n_key)
    return GgufHeader(path, data, metadata, read_tensors(reader, n_tensor, metadata))


def read_metadata(reader: HeaderReader, n_key: int) -> dict[str, Any]:
    """All metadata, by key."""
    metadata: dict[str, Any] = {}
    for _ in range(n_key):
        key = reader.string("a metadata key")
        if key in metadata:
            reader.refuse(f"the metadata key {key[:80]!r} occurs twice")
        metadata[key] = reader.value(key)
    return metadata


def read_tensors(
    reader: HeaderReader, n_tensor: int, metadata: Mapping[str, Any]
) -> dict[str, StoredTensor]:
    """All tensors, by name, within the file and apart from each other."""
    entries = [reader.tensor_entry() for _ in range(n_tensor)]
    alignment = metadata.get("general.alignment", 32)
    if not isinstance(alignment, int) or not 1 <= alignment <= MAX_ALIGNMENT:
        reader.refuse(f"general.alignment = {alignment!r:.40} should be 1 to {MAX_ALIGNMENT:,}")
    data_start = -(-reader.position // alignment) * alignment
    tensors: dict[str, StoredTensor] = {}
    for name, shape, type_id, offset in entries:
        if name in tensors:
            reader.refuse(f"the tensor {name[:80]!r} occurs twice")
        kind, n_byte = block_size(reader, name, shape, type_id)
        start = data_start + offset
        if start + n_byte > len(reader.data):
            missing = start + n_byte - len(reader.data)
            reader.refuse(f"{missing:,} bytes are missing at its end (tensor {name[:80]!r})")
        tensors[name] = StoredTensor(kind, shape, start, start + n_byte)
    check_overlaps(reader, tensors)
    return tensors


def block_size(reader: HeaderReader, name: str, shape: Shape, type_id: int) -> tuple[str, int]:
    """The kind of a tensor and the bytes that it takes: rows of whole blocks."""
    sizes = import_gguf().GGML_QUANT_SIZES
    kind = next((kind for kind in sizes if int(kind) == type_id), None)
    if kind is None:
        reader.refuse(f"the tensor {name[:80]!r} has the unknown kind {type_id}")
    n_number, n_byte = sizes[kind]
    if shape[-1] % n_number:
        reader.refuse(
            f"the tensor {name[:80]!r} has rows of {shape[-1]} numbers; {kind.name} has blocks "
            f"of {n_number}"
        )
    return kind.name, math.prod(shape) // n_number * n_byte


def check_overlaps(reader: HeaderReader, tensors: Mapping[str, StoredTensor]) -> None:
    """Refuse tensors that share bytes."""
    end, last = 0, ""
    for name, tensor in sorted(tensors.items(), key=lambda item: item[1].start):
        if tensor.start < end:
            reader.refuse(f"the tensors {last[:80]!r} and {name[:80]!r} overlap")
        end, last = tensor.end, name


def import_gguf() -> Any:
    """The package `gguf`. Raises CouldNotError where it is not installed."""
    try:
        import gguf
    except ImportError:
        raise missing_package("reading a GGUF file", "gguf", "models") from None
    return gguf
