"""Files of arrays: npy, npz and safetensors.

Sizes are checked before anything is allocated or converted, and nothing is unpickled.
"""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from io import BytesIO
from math import prod
from typing import Any, NoReturn
from zipfile import ZipFile, ZipInfo

import numpy as np

from attnviz.core.arrays import ByteArray
from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources.external.arrays import from_arrays
from attnviz.sources.external.json_document import check_version, parse_document
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.to_numpy import float_bytes
from attnviz.sources.safe_read import (
    LARGEST,
    check_budget,
    check_growth,
    decode_text,
    memory_budget,
    one_line_message,
)
from attnviz.sources.strict_json import parse_json

MEMBERS = 10_000
MEMBER_PART = 1 << 20  # bytes that are decompressed at a time
MAX_HEADER = 1 << 14  # of an npy file, whose header has at most 10,000 bytes in NumPy
BYTES_PER_ENTRY = 1_000  # of the directory of a zip file: a name and its numbers
BYTES_PER_TENSOR = 600  # in memory, for the name, shape and type of a tensor
END_RECORD, ZIP64_LOCATOR = b"PK\x05\x06", b"PK\x06\x07"
END_SIZE, LOCATOR_SIZE, MAX_COMMENT = 22, 20, 1 << 16
PICKLE = (
    "it holds Python objects, and unpickling them can run any code. Save arrays instead: "
    "np.savez(file, weights=…) or safetensors"
)
HEADERS = {
    (1, 0): np.lib.format.read_array_header_1_0,
    (2, 0): np.lib.format.read_array_header_2_0,
}
TENSORS = {
    "F64": "<f8", "F32": "<f4", "F16": "<f2", "BF16": "<u2", "BOOL": "?",
    "I64": "<i8", "I32": "<i4", "I16": "<i2", "I8": "<i1",
    "U64": "<u8", "U32": "<u4", "U16": "<u2", "U8": "<u1",
}  # fmt: skip


def read_npy(data: bytes, selection: Selection) -> RawAttention:
    """An npy file: one array."""
    return from_arrays(
        parse_npy(data, "the array"),
        selection,
        budget=memory_budget(len(data)),
    )


def read_npz(data: bytes, selection: Selection) -> RawAttention:
    """An npz file: named arrays, of attnviz or of another program."""
    arrays = read_members(data)
    document = arrays.pop("document", None)
    if document is None:
        return from_arrays(arrays, selection, budget=budget_beside(arrays, data))
    if document.dtype.kind != "S" or document.ndim:
        raise InvalidInputError("the member 'document' should be bytes of JSON")
    return parse_own_arrays(document.item(), arrays, budget_beside(arrays, data))


def read_safetensors(data: bytes, selection: Selection) -> RawAttention:
    """A safetensors file: named tensors, of attnviz or of another program."""
    arrays, document = load_tensors(data)
    if document is None:
        return from_arrays(arrays, selection, budget=budget_beside(arrays, data))
    return parse_own_arrays(document, arrays, budget_beside(arrays, data))


def budget_beside(arrays: Mapping[str, Any], data: bytes) -> int:
    """The bytes that the arrays of a file may take beside their own."""
    return memory_budget(len(data)) - sum(array.nbytes for array in arrays.values())


def load_tensors(data: bytes) -> tuple[dict[str, Any], str | None]:
    """The tensors of a safetensors file by name, and the attnviz document in its metadata.

    Raises CouldNotError when safetensors is not installed.
    """
    try:
        from safetensors import SafetensorError, deserialize
    except ImportError:
        raise CouldNotError(
            "safetensors files need the safetensors package: pip install 'attnviz[models]'"
        ) from None
    size = int.from_bytes(data[:8], "little")
    header = data[8 : 8 + size]
    check_budget(BYTES_PER_TENSOR * header.count(b"{"), "the header of this file")
    try:
        parts = deserialize(data)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise InvalidInputError(f"invalid safetensors: {one_line_message(error)}") from None
    fields = parse_json(header.decode())  # refuses duplicate names
    document = (fields.get("__metadata__") or {}).get("document")
    short = sum(len(part["data"]) for _, part in parts if part["dtype"] == "BF16")
    check_budget(2 * short, "these tensors in bfloat16, as float32,")
    return {name: tensor_to_numpy(name, part) for name, part in parts}, document


def refuse_pickle(data: bytes, selection: Selection) -> NoReturn:
    """Refuse a pickle."""
    raise InvalidInputError(f"pickle files are not supported: {PICKLE}")


def parse_own_arrays(
    document: str | bytes, arrays: Mapping[str, Any], budget: int | None = None
) -> RawAttention:
    """Arrays that attnviz wrote, with their JSON document.

    `budget`: the bytes that the arrays may take beside their own; None: they were checked.
    """
    fields = parse_json(decode_text(document) if isinstance(document, bytes) else document)
    if not isinstance(fields, dict):
        raise InvalidInputError("the document of the arrays should be a JSON object")
    check_version(fields)
    if budget is not None:
        n_byte = sum(
            2 * array.nbytes if array.dtype == np.bool_ else float_bytes(array.shape, array.dtype)
            for array in arrays.values()
        )
        check_budget(n_byte, "the arrays of this document, as floats,", budget)
    return parse_document(fields, arrays)


def read_members(data: bytes) -> dict[str, Any]:
    """The arrays of an npz file by name, read without extracting it to disk."""
    check_directory(data)
    try:
        with ZipFile(BytesIO(data)) as archive:
            infos = archive.infolist()
            names = [info.filename for info in infos]
            if any(name.endswith(".pkl") for name in names):
                raise InvalidInputError(f"torch archives are not supported: {PICKLE}")
            if len(infos) > MEMBERS or len(set(names)) < len(names):
                raise InvalidInputError(
                    f"invalid npz: {len(names)} members (at most {MEMBERS:,}), or duplicate names"
                )
            check_growth(len(data), sum(info.file_size for info in infos), LARGEST)
            return {
                info.filename.removesuffix(".npy"): parse_npy(
                    read_member(archive, info), info.filename
                )
                for info in infos
            }
    except (InvalidInputError, MemoryError):
        raise
    except Exception as error:  # zipfile raises more kinds than it documents
        raise InvalidInputError(f"invalid npz: {one_line_message(error)}") from None


def read_member(archive: ZipFile, info: ZipInfo) -> ByteArray:
    """The content of a member, read a part at a time: zipfile alone holds it twice.

    It is not to be written to, so that a map can keep it without a copy.    -> [byte]
    """
    content = np.empty(info.file_size, np.uint8)
    view = content.data
    with archive.open(info) as file:
        while part := file.read(MEMBER_PART):
            view[: len(part)] = part
            view = view[len(part) :]
    if view:
        raise InvalidInputError(f"{info.filename!r:.80} is shorter than the directory declares")
    content.setflags(write=False)
    return content


def check_directory(data: bytes) -> None:
    """Refuse a zip file whose directory is too large to be listed in memory."""
    end = len(data) - END_SIZE
    if not (data.startswith(END_RECORD, max(end, 0)) and data.endswith(b"\0\0")):
        end = data.rfind(END_RECORD, max(0, end - MAX_COMMENT))
    size = int.from_bytes(data[end + 12 : end + 16], "little") if end >= 0 else 0
    is_zip64 = data.startswith(ZIP64_LOCATOR, max(0, end - LOCATOR_SIZE))
    if is_zip64 or size > BYTES_PER_ENTRY * MEMBERS:
        raise InvalidInputError(f"invalid npz: its directory is for more than {MEMBERS:,} members")


def parse_npy(data: bytes | ByteArray, name: str) -> Any:
    """The array of an npy file, whose header is checked first.    -> [...]"""
    content = data if isinstance(data, np.ndarray) else np.frombuffer(data, np.uint8)
    file = BytesIO(content[:MAX_HEADER].tobytes())
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape, is_fortran, dtype = HEADERS[np.lib.format.read_magic(file)](file)
    except Exception:  # five kinds of error, and more for malicious headers
        raise InvalidInputError(f"{name!r:.80} is not a valid npy file") from None
    if dtype.hasobject:
        raise InvalidInputError(f"{name!r:.80} is not supported: {PICKLE}")
    if dtype.kind not in "fiubUS" or not dtype.itemsize:
        raise InvalidInputError(f"{name!r:.80} has type {dtype!s:.40}; it should be numbers")
    size = prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or size != len(data) - file.tell():
        raise InvalidInputError(
            f"{name!r:.80} declares {size:,} bytes, but {len(data) - file.tell():,} follow"
        )
    try:
        values = content[file.tell() :].view(dtype) if size else np.empty(0, dtype)
        return values.reshape(shape, order="F" if is_fortran else "C")
    except ValueError as error:  # a shape that NumPy cannot hold
        raise InvalidInputError(f"{name!r:.80}: {one_line_message(error)}") from None


def tensor_to_numpy(name: str, part: Mapping[str, Any]) -> Any:
    """A safetensors tensor as an array; bfloat16 becomes float32, exactly.    -> [...]"""
    kind = part["dtype"]
    if kind not in TENSORS:
        raise InvalidInputError(f"the tensor {name!r:.80} has the unsupported type {kind}")
    array = np.frombuffer(part["data"], TENSORS[kind]).reshape(part["shape"])
    return (array.astype("<u4") << 16).view("<f4") if kind == "BF16" else array
