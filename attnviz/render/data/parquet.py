"""Long-format Parquet: one weight per row, typed columns, JSON document header as metadata."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.file_format import COLUMNS
from attnviz.core.tokens import Token
from attnviz.errors import CouldNotError
from attnviz.render.data.decimals import to_float32
from attnviz.render.data.json_document import document_header, to_json_line
from attnviz.render.style import Style


def parquet(amap: AttentionMap, style: Style) -> bytes:
    """One weight per row, as in CSV, with a column `hidden` (masked); zstd.

    Raises CouldNotError if pyarrow is not installed.
    """
    try:
        from pyarrow import parquet as format
        from pyarrow import table
    except ImportError:
        raise CouldNotError(
            "the format 'parquet' needs the pyarrow package: pip install 'attnviz[arrow]'"
        ) from None
    data = BytesIO()
    metadata = {"document": to_json_line(document_header(amap, style)).decode()}
    format.write_table(table(table_columns(amap), metadata=metadata), data, compression="zstd")
    return data.getvalue()


def table_columns(amap: AttentionMap) -> dict[str, Any]:
    """The columns by name.    [layer, head, query, key] -> [row]"""
    shape = amap.weights.shape
    layer, head, query, key = (indices.ravel() for indices in np.indices(shape, dtype=np.int32))
    masked = np.zeros(shape, bool) if amap.masked is None else amap.masked
    values = (
        np.array(amap.layers, np.int32)[layer],
        np.array(amap.heads, np.int32)[head],
        query,
        key,
        utf8_labels(amap.queries)[query],
        utf8_labels(amap.keys)[key],
        to_float32(amap.weights, "weight").ravel(),
    )
    return {**dict(zip(COLUMNS, values, strict=True)), "hidden": masked.ravel()}


def utf8_labels(tokens: tuple[Token, ...]) -> Any:
    """The labels as valid UTF-8, other characters escaped.    -> [token]"""
    safe = [token.label.encode(errors="backslashreplace").decode() for token in tokens]
    return np.array(safe, dtype=object)
