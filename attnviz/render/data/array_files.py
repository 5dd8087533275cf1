"""Array files: npz and safetensors, with tokens and metadata of the JSON document."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import CouldNotError
from attnviz.render.data.decimals import to_float32
from attnviz.render.data.json_document import document_header, to_json_line
from attnviz.render.style import Style

ZIP_EPOCH = (1980, 1, 1, 0, 0, 0)  # the earliest date of a zip file; a constant one
UNIX, READABLE = 3, 0o644 << 16  # creator system and file mode of zip members


def npz(amap: AttentionMap, style: Style) -> bytes:
    """NumPy arrays, the same bytes on every machine; nothing is pickled.

    Besides `map_arrays`: `queries` and `keys`, the labels, and `document`, the header of the
    JSON document (tokens with all fields, text, meta) as bytes.
    """
    arrays = map_arrays(amap)
    arrays["queries"] = np.array([token.label for token in amap.queries], dtype=np.str_)
    arrays["keys"] = np.array([token.label for token in amap.keys], dtype=np.str_)
    arrays["document"] = np.array(to_json_line(document_header(amap, style)))
    data = BytesIO()
    with ZipFile(data, "w", ZIP_STORED) as archive:
        for name, array in arrays.items():
            member = ZipInfo(f"{name}.npy", ZIP_EPOCH)
            member.create_system, member.external_attr = UNIX, READABLE
            content = BytesIO()
            np.lib.format.write_array(content, array, allow_pickle=False)
            archive.writestr(member, content.getvalue())
    return data.getvalue()


def safetensors(amap: AttentionMap, style: Style) -> bytes:
    """Tensors, with the header of the JSON document as metadata "document".

    Raises CouldNotError if safetensors is not installed.
    """
    try:
        from safetensors.numpy import save
    except ImportError:
        raise CouldNotError(
            "the format 'safetensors' needs the safetensors package: pip install 'attnviz[models]'"
        ) from None
    tensors = {name: np.ascontiguousarray(array) for name, array in map_arrays(amap).items()}
    return bytes(
        save(tensors, metadata={"document": to_json_line(document_header(amap, style)).decode()})
    )


def map_arrays(amap: AttentionMap) -> dict[str, Any]:
    """The arrays of a map by name.

    Shapes: weights [layer, head, query, key], layers [layer], heads [head] and, if present,
    visible (broadcasts to the weights), query_vectors, key_vectors [layer, head, token, d]
    """
    arrays: dict[str, Any] = {
        "weights": to_float32(amap.weights, "weight"),
        "layers": np.array(amap.layers, dtype="<i8"),
        "heads": np.array(amap.heads, dtype="<i8"),
    }
    if amap.visible is not None:
        arrays["visible"] = amap.visible
    for name in ("query_vectors", "key_vectors"):
        vectors = getattr(amap, name)
        if vectors is not None:
            arrays[name] = to_float32(vectors, name)
    return arrays
