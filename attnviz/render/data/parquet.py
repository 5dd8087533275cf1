"""The long table for data tools: typed columns, and the document's words beside them."""

from __future__ import annotations

from io import BytesIO
from typing import Any

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.file_format import COLUMNS
from attnviz.core.tokens import Token
from attnviz.errors import CouldNotError
from attnviz.render.data.decimals import float32
from attnviz.render.data.json_document import described, line
from attnviz.render.style import Style


def parquet(amap: AttentionMap, style: Style) -> bytes:
    """One weight a row, as `rows.table`, with a column `hidden`; zstd.

    Raises CouldNotError when pyarrow is not installed.
    """
    try:
        from pyarrow import parquet as format
        from pyarrow import table
    except ImportError:
        raise CouldNotError(
            "the format 'parquet' needs the pyarrow package: pip install 'attnviz[arrow]'"
        ) from None
    made = BytesIO()
    words = {"document": line(described(amap, style)).decode()}
    format.write_table(table(columns(amap), metadata=words), made, compression="zstd")
    return made.getvalue()


def columns(amap: AttentionMap) -> dict[str, Any]:
    """Each column by its name.    [layer, head, query, key] -> [row]"""
    shape = amap.weights.shape
    layer, head, query, key = (places.ravel() for places in np.indices(shape, dtype=np.int32))
    hidden = np.zeros(shape, bool) if amap.hidden is None else amap.hidden
    values = (
        np.array(amap.layers, np.int32)[layer],
        np.array(amap.heads, np.int32)[head],
        query,
        key,
        texts(amap.queries)[query],
        texts(amap.keys)[key],
        float32(amap.weights, "weight").ravel(),
    )
    return {**dict(zip(COLUMNS, values, strict=True)), "hidden": hidden.ravel()}


def texts(tokens: tuple[Token, ...]) -> Any:
    """The labels as text that UTF-8 can hold.    -> [token]"""
    safe = [token.label.encode(errors="backslashreplace").decode() for token in tokens]
    return np.array(safe, dtype=object)
