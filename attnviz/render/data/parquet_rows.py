"""Rows of a long-format table, and their row groups in a Parquet file.

Columns of few distinct values are dictionaries of Arrow: Parquet stores the values once and packs
the indices. Readers get plain columns, as the file holds no schema of Arrow.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import IntArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import table_heads
from attnviz.core.file_format import ID_COLUMN, MAP_COLUMN
from attnviz.render.data.chunk_sink import ChunkSink
from attnviz.render.data.decimals import to_float32

UNORDERED = ("query_token", "key_token", "hidden")  # columns whose statistics skip nothing
ROW_GROUP_SIZE = 1 << 17  # rows that are in memory at a time


def map_tables(amap: AttentionMap, id: str | None = None) -> Iterator[Any]:
    """Tables of about ROW_GROUP_SIZE rows, of whole queries; `id` is that of the text.

    Shapes: [layer, head, query, key] -> [row]
    """
    from pyarrow import DictionaryArray, Table

    n_key = amap.weights.shape[-1]
    n_query = amap.weights.size // max(1, n_key)  # of all layers and heads
    step = max(1, ROW_GROUP_SIZE // max(1, n_key))
    labels = [utf8_texts([token.label for token in side]) for side in (amap.queries, amap.keys)]
    for start in range(0, n_query, step):
        columns = row_columns(amap, np.arange(start, min(start + step, n_query)), *labels, id=id)
        yield Table.from_pydict(
            {
                name: DictionaryArray.from_arrays(*column) if type(column) is Indexed else column
                for name, column in columns.items()
            }
        )


class Indexed(NamedTuple):
    """A column of a few distinct values.    indices [row], values [value] -> [row]"""

    indices: IntArray
    values: Any

    def to_array(self) -> Any:
        """The column.    -> [row]"""
        return np.asarray(self.values)[self.indices]


def row_columns(
    amap: AttentionMap,
    queries: IntArray,
    query_labels: Any,
    key_labels: Any,
    *,
    id: str | None = None,
) -> dict[str, Any]:
    """The rows of these queries, counted over all layers and heads, by column.

    Shapes: queries [n] -> each [n * key]
    """
    shape = amap.weights.shape
    n_key = shape[-1]
    where = np.unravel_index(queries, shape[:-1])
    layer, head, query = (np.repeat(axis.astype(np.int32), n_key) for axis in where)
    key = np.tile(np.arange(n_key, dtype=np.int32), len(queries))
    heads, maps = table_heads(amap)
    masked = np.zeros((len(queries), n_key), bool)
    if amap.visible is not None:
        masked = np.logical_not(np.broadcast_to(amap.visible, shape)[where])
    columns = {
        "layer": Indexed(layer, np.array(amap.layers, np.int32)),
        "head": Indexed(head, np.array(heads, np.int32)),
        "query": Indexed(query, np.arange(shape[-2], dtype=np.int32)),
        "key": Indexed(key, np.arange(n_key, dtype=np.int32)),
        "query_token": Indexed(query, query_labels),
        "key_token": Indexed(key, key_labels),
        "weight": to_float32(amap.weights[where], "weight").reshape(-1),
        "hidden": masked.reshape(-1),
    }
    if maps:
        columns[MAP_COLUMN] = Indexed(head, utf8_texts(maps))
    if id is not None:
        columns[ID_COLUMN] = Indexed(np.zeros_like(head), utf8_texts([id]))
    return columns


class RowWriter:
    """A Parquet file of tables with the same columns, whose bytes are taken as they come.

    Small tables share a row group of about ROW_GROUP_SIZE rows; `metadata` is that of the file.
    """

    def __init__(self, metadata: Mapping[str, str] | None = None) -> None:
        self.metadata = metadata or {}
        self.sink = ChunkSink()
        self.writer: Any = None  # of the library, opened when the columns are known
        self.columns: list[str] = []
        self.tables: list[Any] = []  # not yet written
        self.n_row = 0  # of these

    def add(self, table: Any) -> None:
        """Add rows; those of tables that were added before are written once they are enough."""
        if self.writer is None:
            self.open(table)
        if self.n_row + table.num_rows > ROW_GROUP_SIZE:
            self.write_group()
        self.tables.append(table)
        self.n_row += table.num_rows

    def open(self, table: Any) -> None:
        """Begin the file, with the columns of this table."""
        from pyarrow.parquet import ParquetWriter

        self.columns = table.column_names
        self.writer = ParquetWriter(
            self.sink,
            table.schema,
            compression="zstd",
            use_dictionary=[name for name in self.columns if name not in ("weight", "hidden")],
            write_statistics=[name for name in self.columns if name not in UNORDERED],
            store_schema=False,
        )
        self.writer.add_key_value_metadata(self.metadata)

    def write_group(self) -> None:
        """Write the tables as one row group."""
        from pyarrow import concat_tables

        if self.tables:
            self.writer.write_table(concat_tables(self.tables).unify_dictionaries())
        self.tables, self.n_row = [], 0

    def close(self) -> None:
        """Write the last row group and the end of the file."""
        self.write_group()
        if self.writer is not None:
            self.writer.close()

    def take(self) -> bytes:
        """The bytes since the last call."""
        return self.sink.take()


def utf8_texts(texts: Sequence[str]) -> list[str]:
    """Texts as valid UTF-8, other characters escaped."""
    return [text.encode(errors="backslashreplace").decode() for text in texts]
