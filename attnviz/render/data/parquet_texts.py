"""Parquet table of several texts: the rows of each, with its id, in one file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from attnviz.core.attention_map import AttentionMap
from attnviz.core.file_format import different_columns
from attnviz.errors import MisuseError
from attnviz.render.anonymous import without_metadata
from attnviz.render.data.decimals import require_float32
from attnviz.render.data.parquet import require_pyarrow
from attnviz.render.style import Style


class ParquetTexts:
    """Appends the rows of maps; memory holds one row group.

    Raises CouldNotError if pyarrow is not installed.
    """

    def __init__(self, append: Callable[[bytes], None], folder: Path) -> None:
        del folder
        require_pyarrow()
        from attnviz.render.data.parquet_rows import RowWriter

        self.append, self.rows = append, RowWriter()

    def add(self, amap: AttentionMap, style: Style) -> None:
        """Append the rows of a map.

        Raises, before any of them, MisuseError for other columns than those of the first map,
        and NumbersError for numbers outside float32.
        """
        from attnviz.render.data.parquet_rows import map_tables

        require_float32(amap.weights, "weight")
        if not style.show_metadata:
            amap = without_metadata(amap)
        for table in map_tables(amap, style.row_id):
            if self.rows.columns not in ([], table.column_names):
                raise MisuseError(different_columns(table.column_names, self.rows.columns))
            self.rows.add(table)
            self.append(self.rows.take())

    def finish(self) -> None:
        """Append the last rows and the end of the file."""
        self.rows.close()
        self.append(self.rows.take())

    def close(self) -> None:
        """Nothing to release: the file is that of the caller."""
