"""Parquet tables with a column `id`: the rows of each text."""

from __future__ import annotations

from collections.abc import Iterator
from io import BytesIO
from typing import Any

from attnviz.core.file_format import ID_COLUMN
from attnviz.errors import InvalidInputError
from attnviz.sources.external.parquet import check_footer, check_packed_sizes
from attnviz.sources.external.selection import Item
from attnviz.sources.safe_read import one_line_message


def split_parquet(data: bytes) -> Iterator[Item] | None:
    """The rows of each id as a table of its own; None for a table without that column."""
    try:
        from pyarrow import ArrowException, BufferReader
        from pyarrow.parquet import ParquetFile
    except ImportError:
        return None  # the reader says what is missing
    try:
        check_footer(data)
        file = ParquetFile(BufferReader(data))
        if file.schema_arrow.names.count(ID_COLUMN) != 1:
            return None
        check_packed_sizes(file)
        return split_rows(file.read(use_threads=False))
    except (ArrowException, OSError, ValueError) as error:
        raise InvalidInputError(f"invalid parquet: {one_line_message(error)}") from None


def split_rows(table: Any) -> Iterator[Item]:
    """The rows of each id, in the order of the first rows."""
    from pyarrow import compute
    from pyarrow.parquet import write_table

    ids = compute.cast(table.column(ID_COLUMN), "string")
    for value in compute.unique(ids).to_pylist():
        if value is None:
            raise InvalidInputError(f"the column {ID_COLUMN!r} has missing values")
        file = BytesIO()
        write_table(table.filter(compute.equal(ids, value)).drop_columns([ID_COLUMN]), file)
        yield Item(value, f"id {value!r:.40}: ", file.getvalue())
