"""Long-format Parquet: one weight per row, typed columns, JSON document header as metadata."""

from __future__ import annotations

from collections.abc import Iterator

from attnviz.core.attention_map import AttentionMap
from attnviz.errors import CouldNotError
from attnviz.render.data.decimals import require_float32
from attnviz.render.data.json_document import document_header, to_json_line
from attnviz.render.style import Style


def parquet(amap: AttentionMap, style: Style) -> Iterator[bytes]:
    """One weight per row, in the columns of CSV and `hidden` (masked); zstd, in row groups.

    Raises, before the first chunk, CouldNotError if pyarrow is not installed and NumbersError
    for numbers outside float32.
    """
    require_pyarrow()
    require_float32(amap.weights, "weight")
    return parquet_chunks(amap, style)


def require_pyarrow() -> None:
    """Raise CouldNotError if pyarrow is not installed."""
    try:
        import pyarrow.parquet  # noqa: F401
    except ImportError:
        raise CouldNotError(
            "the format 'parquet' needs the pyarrow package: pip install 'attnviz[arrow]'"
        ) from None


def parquet_chunks(amap: AttentionMap, style: Style) -> Iterator[bytes]:
    """The bytes of the file, a chunk for each row group."""
    from attnviz.render.data.parquet_rows import RowWriter, map_tables

    document = to_json_line(document_header(amap, style)).decode()
    writer = RowWriter({"document": document})
    for table in map_tables(amap):
        writer.add(table)
        yield writer.take()
    writer.close()
    yield writer.take()
