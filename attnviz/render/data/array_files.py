"""Arrays for other programs: the numbers as they are, and the document's words beside them."""

from __future__ import annotations

from io import BytesIO
from typing import Any
from zipfile import ZIP_STORED, ZipFile, ZipInfo

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import CouldNotError
from attnviz.render.data.decimals import float32
from attnviz.render.data.json_document import described, line
from attnviz.render.style import Style

LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first day a zip file knows
UNIX, READABLE = 3, 0o644 << 16  # a zip file says by whom it was made: always the same one


def npz(amap: AttentionMap, style: Style) -> bytes:
    """NumPy arrays, the same bytes on every machine; nothing in them is pickled.

    Beside the arrays of `arrays`: `queries` and `keys`, the labels, and `document`, the words
    of the JSON document (tokens with all their fields, text, meta) as bytes.
    """
    kept = arrays(amap)
    kept["queries"] = np.array([token.label for token in amap.queries], dtype=np.str_)
    kept["keys"] = np.array([token.label for token in amap.keys], dtype=np.str_)
    kept["document"] = np.array(line(described(amap, style)))
    made = BytesIO()
    with ZipFile(made, "w", ZIP_STORED) as archive:
        for name, array in kept.items():
            member = ZipInfo(f"{name}.npy", LONG_AGO)
            member.create_system, member.external_attr = UNIX, READABLE
            written = BytesIO()
            np.lib.format.write_array(written, array, allow_pickle=False)
            archive.writestr(member, written.getvalue())
    return made.getvalue()


def safetensors(amap: AttentionMap, style: Style) -> bytes:
    """Tensors with the words of the JSON document as metadata, under "document".

    Raises CouldNotError when safetensors is not installed.
    """
    try:
        from safetensors.numpy import save
    except ImportError:
        raise CouldNotError(
            "the format 'safetensors' needs the safetensors package: pip install 'attnviz[models]'"
        ) from None
    tensors = {name: np.ascontiguousarray(array) for name, array in arrays(amap).items()}
    return bytes(save(tensors, metadata={"document": line(described(amap, style)).decode()}))


def arrays(amap: AttentionMap) -> dict[str, Any]:
    """What a map holds as arrays.

    Shapes: weights [layer, head, query, key], layers [layer], heads [head] and, where there are
    any, visible (broadcasts to the weights), query_vectors, key_vectors [layer, head, token, d]
    """
    kept: dict[str, Any] = {
        "weights": float32(amap.weights, "weight"),
        "layers": np.array(amap.layers, dtype="<i8"),
        "heads": np.array(amap.heads, dtype="<i8"),
    }
    if amap.visible is not None:
        kept["visible"] = amap.visible
    for name in ("query_vectors", "key_vectors"):
        vectors = getattr(amap, name)
        if vectors is not None:
            kept[name] = float32(vectors, name)
    return kept
