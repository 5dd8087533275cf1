"""Parquet table of several texts: the files of single texts, joined into one."""

from __future__ import annotations

from typing import Any

from attnviz.render.data.chunk_sink import ChunkSink


class ParquetTexts:
    """Joins the rows of Parquet files with the same columns, a row group or more per file."""

    def __init__(self) -> None:
        self.sink = ChunkSink()
        self.writer: Any = None  # of the library, opened when the columns are known

    def add(self, data: bytes) -> bytes:
        """The bytes to write for the rows of a file.

        It is read without threads of pyarrow: one that outlives the run aborts the process.
        """
        from pyarrow import BufferReader
        from pyarrow.parquet import ParquetFile, ParquetWriter

        table = ParquetFile(BufferReader(data)).read(use_threads=False)
        if self.writer is None:
            self.writer = ParquetWriter(self.sink, table.schema, compression="zstd")
        self.writer.write_table(table)
        return self.sink.take()

    def finish(self) -> bytes:
        """The bytes after the last rows."""
        if self.writer is not None:
            self.writer.close()
        return self.sink.take()
