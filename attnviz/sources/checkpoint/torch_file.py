"""Tensors of torch.save files (pytorch_model.bin), memory-mapped; torch is not needed.

The zip form has the pickle `archive/data.pkl` and a member `archive/data/KEY` for each storage,
the form before torch 1.6 several pickles and then the storages, one after the other. What a
pickle may name is what a dict of tensors needs (torch.load's weights_only accepts the same).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attnviz.errors import InvalidInputError
from attnviz.sources.checkpoint.mapped_file import map_bytes
from attnviz.sources.checkpoint.pickle_reader import PickleReader
from attnviz.sources.checkpoint.strided_tensor import ITEM_BYTES, StridedTensor, check_strides
from attnviz.sources.checkpoint.tensors import Tensor
from attnviz.sources.checkpoint.zip_members import LOCAL_HEADER_START, zip_members

MAGIC = 0x1950A86A20F9469CFC6C  # the first pickle of the form before torch 1.6
LEGACY_PROTOCOL = 1001
LEGACY_START = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."  # the pickle of MAGIC
MAX_RANK = 16
MAX_SIZE = 1 << 48
WRAPPERS = ("state_dict", "model_state_dict", "model")  # keys that hold the tensors

DTYPES = {
    "Double": "F64",
    "Float": "F32",
    "Half": "F16",
    "BFloat16": "BF16",
    "Long": "I64",
    "Int": "I32",
    "Short": "I16",
    "Char": "I8",
    "Byte": "U8",
    "Bool": "BOOL",
}


class Storage(NamedTuple):
    """A storage: its key, dtype and number of elements."""

    key: str
    dtype: str
    n_element: int


class TorchTensor(NamedTuple):
    """A tensor as a pickle describes it; offset and strides are in elements of the storage."""

    storage: Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def map_torch_file(path: Path) -> Iterator[tuple[str, Tensor]]:
    """The memory-mapped tensors of a torch.save file, by name.

    Raises InvalidInputError for a file that is damaged, or that holds anything but tensors.
    """
    try:
        file = map_bytes(path)
        start = file[: len(LEGACY_START)].tobytes()
        if start.startswith(LOCAL_HEADER_START):
            yield from map_zip(path, file)
        elif start == LEGACY_START:
            yield from map_legacy(file)
        else:
            raise InvalidInputError("neither a zip file nor a pickle of torch")
    except (InvalidInputError, ValueError) as error:  # ValueError: an empty file
        raise InvalidInputError(
            f"{str(path)!r} is not a torch.save file of tensors: {error}"
        ) from None


def map_zip(path: Path, file: NDArray[np.uint8]) -> Iterator[tuple[str, Tensor]]:
    """The tensors of the zip form."""
    members = zip_members(path, file)
    pickles = [name for name in members if name.count("/") == 1 and name.endswith("/data.pkl")]
    if len(pickles) != 1:
        raise InvalidInputError(f"it has {len(pickles)} members called data.pkl, not one")
    folder = pickles[0].removesuffix("data.pkl")
    order = members.get(f"{folder}byteorder", slice(0, 0))
    if file[order].tobytes() not in (b"", b"little"):
        raise InvalidInputError("its numbers are not little-endian")
    content = file[members[pickles[0]]].data
    value = PickleReader(content, 0, NAMES, read_storage).read()
    for name, tensor in named_tensors(value):
        place = members.get(f"{folder}data/{tensor.storage.key}")
        if place is None:
            raise InvalidInputError(f"tensor {name!r:.80}: its storage is not in the file")
        yield name, place_tensor(file, place, tensor, name)


def map_legacy(file: NDArray[np.uint8]) -> Iterator[tuple[str, Tensor]]:
    """The tensors of the form before torch 1.6: pickles, then the storages in a stated order."""
    content, position = file.data, 0
    storages: dict[str, Storage] = {}

    def load(key: tuple[Any, ...]) -> Storage:
        storage = read_storage(key)
        return storages.setdefault(storage.key, storage)

    values = []
    for _ in range(5):  # magic number, protocol, system, the tensors, keys of the storages
        reader = PickleReader(content, position, NAMES, load)
        values.append(reader.read())
        position = reader.position
    _, protocol, system, value, keys = values
    if protocol != LEGACY_PROTOCOL or not isinstance(system, dict):
        raise InvalidInputError(f"protocol {protocol!r:.40} should be {LEGACY_PROTOCOL}")
    if system.get("little_endian") is not True or not isinstance(keys, list):
        raise InvalidInputError("its numbers are not little-endian")
    places: dict[str, slice] = {}
    for key in keys:
        storage = storages.get(key) if isinstance(key, str) else None
        if storage is None:
            raise InvalidInputError(f"storage {key!r:.60} is that of no tensor")
        n_element = int.from_bytes(file[position : position + 8].tobytes(), "little")
        start = position + 8
        position = start + n_element * ITEM_BYTES[storage.dtype]
        if n_element != storage.n_element or position > len(file):
            raise InvalidInputError(f"storage {key!r:.60} has another size, or is cut off")
        places[storage.key] = slice(start, position)
    for name, tensor in named_tensors(value):
        if tensor.storage.key not in places:
            raise InvalidInputError(f"tensor {name!r:.80}: its storage is not in the file")
        yield name, place_tensor(file, places[tensor.storage.key], tensor, name)


def named_tensors(value: Any) -> Iterator[tuple[str, TorchTensor]]:
    """The tensors of a dict, or of one that it holds as "state_dict" or "model".

    Entries that are no tensors are left out where the file holds more than weights.
    """
    inner = [value[key] for key in WRAPPERS if isinstance(value, dict) and key in value]
    table = inner[0] if inner and isinstance(inner[0], dict) else value
    if not isinstance(table, dict):
        raise InvalidInputError("it holds no dict of tensors")
    tensors = {name: entry for name, entry in table.items() if isinstance(entry, TorchTensor)}
    if not tensors:
        raise InvalidInputError("it holds no tensors by name")
    yield from ((str(name), tensor) for name, tensor in tensors.items())


def place_tensor(file: NDArray[np.uint8], place: slice, tensor: TorchTensor, name: str) -> Tensor:
    """A tensor in the bytes of its storage."""
    storage, width = tensor.storage, ITEM_BYTES[tensor.storage.dtype]
    if storage.n_element * width > place.stop - place.start:
        raise InvalidInputError(f"tensor {name!r:.80}: its storage is too short")
    start = place.start + tensor.offset * width
    end = start + math.prod(tensor.shape) * width
    if tensor.strides == contiguous_strides(tensor.shape):
        return Tensor(file, storage.dtype, tensor.shape, start, end)
    return StridedTensor(file, storage.dtype, tensor.shape, start, end, tensor.strides)


def contiguous_strides(shape: tuple[int, ...]) -> tuple[int, ...]:
    """The strides of a tensor whose elements follow each other, in elements."""
    strides, n = [], 1
    for size in reversed(shape):
        strides.append(n)
        n *= size
    return tuple(reversed(strides))


def read_storage(key: tuple[Any, ...]) -> Storage:
    """The storage of a persistent id: ("storage", type, key, device, number of elements, …)."""
    if len(key) not in (5, 6) or key[0] != "storage":
        raise InvalidInputError("a persistent id is not that of a storage")
    kind, name, n_element = getattr(key[1], "value", None), key[2], key[4]
    if len(key) == 6 and key[5] is not None:
        raise InvalidInputError("views of storages are not supported")
    if not isinstance(kind, str) or not isinstance(name, str) or not is_size(n_element):
        raise InvalidInputError("a storage has no type, key or size")
    return Storage(name, kind, n_element)


def is_size(value: Any) -> bool:
    """Whether a value is a number of elements."""
    return type(value) is int and 0 <= value <= MAX_SIZE


def rebuild_tensor(arguments: tuple[Any, ...]) -> TorchTensor:
    """A tensor from (storage, offset, shape, strides, …), which must stay within its storage."""
    storage, offset, shape, strides = (*arguments, None, None, None, None)[:4]
    is_pair = isinstance(shape, tuple) and isinstance(strides, tuple)
    if not isinstance(storage, Storage) or not is_size(offset) or not is_pair:
        raise InvalidInputError("a tensor has no storage, offset, shape or strides")
    if len(shape) != len(strides) or len(shape) > MAX_RANK:
        raise InvalidInputError("shape and strides should have the same length, at most 16")
    if not all(map(is_size, (*shape, *strides))):
        raise InvalidInputError("shape and strides should be numbers of elements")
    if 0 in shape:
        return TorchTensor(storage, 0, shape, contiguous_strides(shape))
    check_strides(offset, shape, strides, storage.n_element)
    return TorchTensor(storage, offset, shape, strides)


def rebuild_parameter(arguments: tuple[Any, ...]) -> TorchTensor:
    """The tensor of a parameter."""
    if not arguments or not isinstance(arguments[0], TorchTensor):
        raise InvalidInputError("a parameter has no tensor")
    return arguments[0]


def ordered_dict(arguments: tuple[Any, ...]) -> dict[Any, Any]:
    """An empty dict; its entries follow."""
    if arguments:
        raise InvalidInputError("an OrderedDict with arguments is not supported")
    return {}


FUNCTIONS: Mapping[str, Callable[[tuple[Any, ...]], Any]] = {
    "torch._utils._rebuild_tensor": rebuild_tensor,
    "torch._utils._rebuild_tensor_v2": rebuild_tensor,
    "torch._utils._rebuild_parameter": rebuild_parameter,
    "collections.OrderedDict": ordered_dict,
    "torch.Size": lambda arguments: arguments[0] if arguments else (),
}
NAMES: Mapping[str, Any] = {
    **FUNCTIONS,
    **{f"torch.{name}Storage": dtype for name, dtype in DTYPES.items()},
    **{f"torch.{name}": name for name in ("float32", "float16", "bfloat16", "float64")},
}
