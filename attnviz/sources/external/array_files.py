"""Files of arrays. Sizes are checked before anything is allocated, and nothing is unpickled."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from io import BytesIO
from math import prod
from typing import Any, NoReturn
from zipfile import ZipFile

import numpy as np

from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources.external.arrays import from_arrays
from attnviz.sources.external.assemble import Found
from attnviz.sources.external.json_document import check_version, found
from attnviz.sources.external.safe_read import LARGEST, brief, check_growth, text_of
from attnviz.sources.external.selection import Wish
from attnviz.sources.external.strict_json import value

MEMBERS = 10_000
PICKLE = (
    "Python objects are in it, and unpickling them could run anything. Save arrays instead: "
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


def npy(data: bytes, wish: Wish) -> Found:
    """One array."""
    return from_arrays(array_of(data, "the array"), wish)


def npz(data: bytes, wish: Wish) -> Found:
    """Arrays with names, ours or others'."""
    arrays = members(data)
    document = arrays.pop("document", None)
    if document is None:
        return from_arrays(arrays, wish)
    if document.dtype.kind != "S" or document.ndim:
        raise InvalidInputError("the member 'document' should be bytes of JSON")
    return own(document.item(), arrays)


def safetensors(data: bytes, wish: Wish) -> Found:
    """Tensors with names, ours or others'."""
    arrays, document = tensors(data)
    return from_arrays(arrays, wish) if document is None else own(document, arrays)


def tensors(data: bytes) -> tuple[dict[str, Any], str | None]:
    """The tensors of a safetensors file by name, and the words beside them.

    Raises CouldNotError when safetensors is not installed.
    """
    try:
        from safetensors import SafetensorError, deserialize
    except ImportError:
        raise CouldNotError(
            "safetensors files need the safetensors package: pip install 'attnviz[models]'"
        ) from None
    try:
        parts = deserialize(data)  # type: ignore[no-untyped-call]
    except SafetensorError as error:
        raise InvalidInputError(f"broken safetensors: {brief(error)}") from None
    size = int.from_bytes(data[:8], "little")
    head = value(data[8 : 8 + size].decode())  # refuses, too, names that stand there twice
    document = (head.get("__metadata__") or {}).get("document")
    return {name: tensor(name, part) for name, part in parts}, document


def pickle(data: bytes, wish: Wish) -> NoReturn:
    """Never."""
    raise InvalidInputError(f"a pickle is not read: {PICKLE}")


def own(document: str | bytes, arrays: Mapping[str, Any]) -> Found:
    """Arrays that we wrote, with the words beside them."""
    said = value(text_of(document) if isinstance(document, bytes) else document)
    if not isinstance(said, dict):
        raise InvalidInputError("the words beside the arrays are no document")
    check_version(said)
    return found(said, arrays)


def members(data: bytes) -> dict[str, Any]:
    """The arrays of an npz file by name; nothing is written to disk."""
    try:
        with ZipFile(BytesIO(data)) as archive:
            listed = archive.infolist()
            names = [member.filename for member in listed]
            if any(name.endswith(".pkl") for name in names):
                raise InvalidInputError(f"an archive of torch is not read: {PICKLE}")
            if len(listed) > MEMBERS or len(set(names)) < len(names):
                raise InvalidInputError(f"{len(names)} members, or one twice: no npz is like that")
            check_growth(len(data), sum(member.file_size for member in listed), LARGEST)
            return {
                name.removesuffix(".npy"): array_of(archive.read(name), name) for name in names
            }
    except InvalidInputError:
        raise
    except Exception as error:  # zipfile raises more kinds than it says
        raise InvalidInputError(f"broken npz: {brief(error)}") from None


def array_of(data: bytes, name: str) -> Any:
    """An npy file as an array, its header checked first.    -> [...]"""
    file = BytesIO(data)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            shape, _, dtype = HEADERS[np.lib.format.read_magic(file)](file)
    except Exception:  # five kinds of error, and more for headers nobody wrote by accident
        raise InvalidInputError(f"{name!r:.80} is no npy file that can be read") from None
    if dtype.hasobject:
        raise InvalidInputError(f"{name!r:.80} is not read: {PICKLE}")
    if dtype.kind not in "fiubUS" or not dtype.itemsize:
        raise InvalidInputError(f"{name!r:.80} has type {dtype!s:.40}; it should be numbers")
    size = prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or size != len(data) - file.tell():
        raise InvalidInputError(
            f"{name!r:.80} says that it has {size:,} bytes, but {len(data) - file.tell():,} follow"
        )
    file.seek(0)
    return np.lib.format.read_array(file, allow_pickle=False)


def tensor(name: str, part: Mapping[str, Any]) -> Any:
    """A tensor as an array; bfloat16 becomes float32, bit for bit.    -> [...]"""
    kind = part["dtype"]
    if kind not in TENSORS:
        raise InvalidInputError(f"the tensor {name!r:.80} has type {kind}, which is not read")
    array = np.frombuffer(part["data"], TENSORS[kind]).reshape(part["shape"])
    return (array.astype("<u4") << 16).view("<f4") if kind == "BF16" else array
