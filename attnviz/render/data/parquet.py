"""Long-format Parquet: one weight per row, typed columns, JSON document header as metadata."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import table_heads
from attnviz.core.file_format import COLUMNS, ID_COLUMN, MAP_COLUMN
from attnviz.errors import CouldNotError
from attnviz.render.data.chunk_sink import ChunkSink
from attnviz.render.data.decimals import require_float32, to_float32
from attnviz.render.data.json_document import document_header, to_json_line
from attnviz.render.style import Style

ROW_GROUP_SIZE = 1 << 15  # rows that are in memory at a time


def parquet(amap: AttentionMap, style: Style) -> Iterator[bytes]:
    """One weight per row, in the columns of CSV and `hidden` (masked); zstd, in row groups.

    Raises, before the first chunk, CouldNotError if pyarrow is not installed and NumbersError
    for numbers outside float32.
    """
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise CouldNotError(
            "the format 'parquet' needs the pyarrow package: pip install 'attnviz[arrow]'"
        ) from None
    require_float32(amap.weights, "weight")
    return parquet_chunks(amap, style)


def parquet_chunks(amap: AttentionMap, style: Style) -> Iterator[bytes]:
    """The bytes of the file, a chunk for each row group."""
    from pyarrow import array, string, table
    from pyarrow.parquet import ParquetWriter

    sides = ([token.label for token in tokens] for tokens in (amap.queries, amap.keys))
    labels = [array(utf8_texts(side), string()) for side in sides]
    metadata = None  # of several texts: the file is for all of them
    if style.row_id is None:
        metadata = {"document": to_json_line(document_header(amap, style)).decode()}
    id = style.row_id
    schema = table(table_columns(amap, 0, 0, *labels, id=id), metadata=metadata).schema
    sink = ChunkSink()
    with ParquetWriter(sink, schema, compression="zstd") as writer:
        for start in range(0, amap.weights.size, ROW_GROUP_SIZE):
            stop = min(start + ROW_GROUP_SIZE, amap.weights.size)
            writer.write_table(
                table(table_columns(amap, start, stop, *labels, id=id), schema=schema)
            )
            yield sink.take()
    yield sink.take()


def table_columns(
    amap: AttentionMap, start: int, stop: int, queries: Any, keys: Any, *, id: str | None = None
) -> dict[str, Any]:
    """The rows `start` to `stop` of the columns, by name; `id` is that of the text.

    Shapes: [layer, head, query, key] -> [row]
    """
    shape = amap.weights.shape
    where = np.unravel_index(np.arange(start, stop), shape)
    layer, head, query, key = where
    masked = np.zeros(len(layer), bool)
    if amap.visible is not None:
        masked = np.logical_not(np.broadcast_to(amap.visible, shape)[where])
    heads, maps = table_heads(amap)
    values = (
        np.array(amap.layers, np.int32)[layer],
        np.array(heads, np.int32)[head],
        query.astype(np.int32),
        key.astype(np.int32),
        queries.take(query),
        keys.take(key),
        to_float32(amap.weights[where], "weight"),
    )
    columns = {**dict(zip(COLUMNS, values, strict=True)), "hidden": masked}
    if maps:
        columns[MAP_COLUMN] = np.array(utf8_texts(maps))[head]
    if id is not None:
        columns[ID_COLUMN] = np.repeat(utf8_texts([id]), stop - start)
    return columns


def utf8_texts(texts: Sequence[str]) -> list[str]:
    """Texts as valid UTF-8, other characters escaped."""
    return [text.encode(errors="backslashreplace").decode() for text in texts]
