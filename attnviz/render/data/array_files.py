"""Array files: npz and safetensors, with tokens and metadata of the JSON document.

Both are written in blocks, so that no second copy of the arrays exists.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from io import BytesIO
from typing import Any, ClassVar

import numpy as np

from attnviz.core.arrays import Shape
from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record
from attnviz.render.data.decimals import require_float32
from attnviz.render.data.json_document import document_header, to_json_line
from attnviz.render.data.zip_stream import Member, zip_chunks
from attnviz.render.style import Style

BLOCK_SIZE = 1 << 18  # numbers in a chunk
FLOAT, INTEGER = np.dtype("<f4"), np.dtype("<i8")  # of all numbers in the files
ALIGNMENT = 8  # bytes; of the arrays in a safetensors file


class StoredArray(Record, eq=False):
    """An array and the type in which a file holds it; it is converted in blocks."""

    values: Any
    dtype: np.dtype[Any]

    TENSOR_TYPES: ClassVar = {FLOAT: "F32", INTEGER: "I64", np.dtype(bool): "BOOL"}

    @property
    def shape(self) -> Shape:
        """The shape of the array."""
        shape: Shape = self.values.shape
        return shape

    @property
    def n_byte(self) -> int:
        """The number of bytes in a file."""
        return int(self.values.size) * self.dtype.itemsize

    def blocks(self) -> Iterator[bytes]:
        """The bytes of the array in C order.    [...] -> chunks of BLOCK_SIZE numbers"""
        numbers = self.values.reshape(-1)
        for start in range(0, numbers.size, BLOCK_SIZE):
            yield numbers[start : start + BLOCK_SIZE].astype(self.dtype, copy=False).tobytes()


def npz(amap: AttentionMap, style: Style) -> Iterator[bytes]:
    """NumPy arrays, the same bytes on every machine; nothing is pickled.

    Besides `map_arrays`: `queries` and `keys`, the labels, and `document`, the header of the
    JSON document (tokens with all fields, text, meta) as bytes.
    Raises NumbersError, before the first chunk, for numbers outside float32.
    """
    arrays = map_arrays(amap)
    for name, values in (
        ("queries", np.array([token.label for token in amap.queries], dtype=np.str_)),
        ("keys", np.array([token.label for token in amap.keys], dtype=np.str_)),
        ("document", np.array(to_json_line(document_header(amap, style)))),
    ):
        arrays[name] = StoredArray(values, values.dtype)
    return zip_chunks(
        [Member(f"{name}.npy", npy_header(a), a.n_byte, a.blocks) for name, a in arrays.items()]
    )


def npy_header(array: StoredArray) -> bytes:
    """What precedes the numbers in a .npy file: type, order and shape."""
    header = BytesIO()
    facts = {"descr": array.dtype.str, "fortran_order": False, "shape": array.shape}
    np.lib.format.write_array_header_1_0(header, facts)
    return header.getvalue()


def safetensors(amap: AttentionMap, style: Style) -> Iterator[bytes]:
    """Tensors, with the header of the JSON document as metadata "document".

    Raises NumbersError, before the first chunk, for numbers outside float32.
    """
    metadata = {"document": to_json_line(document_header(amap, style)).decode()}
    return tensor_chunks(map_arrays(amap), metadata)


def tensor_chunks(arrays: dict[str, StoredArray], metadata: dict[str, str]) -> Iterator[bytes]:
    """A safetensors file: size of the header, the header as JSON, and the arrays.

    Source: the format's description, https://github.com/huggingface/safetensors; as in its own
    writer, wide types come first, which aligns every array.
    """
    ordered = dict(sorted(arrays.items(), key=lambda item: (-item[1].dtype.itemsize, item[0])))
    header: dict[str, Any] = {"__metadata__": metadata}
    end = 0
    for name, array in ordered.items():
        start, end = end, end + array.n_byte
        header[name] = {
            "dtype": array.TENSOR_TYPES[array.dtype],
            "shape": list(array.shape),
            "data_offsets": [start, end],
        }
    text = json.dumps(header, separators=(",", ":")).encode("ascii")
    text += b" " * (-len(text) % ALIGNMENT)
    yield len(text).to_bytes(8, "little") + text
    for array in ordered.values():
        yield from array.blocks()


def map_arrays(amap: AttentionMap) -> dict[str, StoredArray]:
    """The arrays of a map by name. Raises NumbersError for numbers outside float32.

    Shapes: weights [layer, head, query, key], layers [layer], heads [head] and, if present,
    visible (broadcasts to the weights), query_vectors, key_vectors [layer, head, token, d]
    """
    require_float32(amap.weights, "weight")
    arrays = {
        "weights": StoredArray(amap.weights, FLOAT),
        "layers": StoredArray(np.array(amap.layers, INTEGER), INTEGER),
        "heads": StoredArray(np.array(amap.heads, INTEGER), INTEGER),
    }
    if amap.visible is not None:
        arrays["visible"] = StoredArray(amap.visible, np.dtype(bool))
    for name in ("query_vectors", "key_vectors"):
        vectors = getattr(amap, name)
        if vectors is not None:
            require_float32(vectors, name)
            arrays[name] = StoredArray(vectors, FLOAT)
    return arrays
