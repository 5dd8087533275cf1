"""Parquet tables in long format; those of attnviz hold its JSON document as metadata."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from attnviz.core.file_format import MAP_COLUMN
from attnviz.errors import CouldNotError, InvalidInputError
from attnviz.sources.external.array_files import parse_own_arrays
from attnviz.sources.external.long_table import (
    AXES,
    Batch,
    MapHeads,
    build_attention,
    check_indices,
    check_line_count,
    fill_arrays,
    measure_axes,
)
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.selection import Selection
from attnviz.sources.safe_read import LARGEST_TEXT, LONGEST, check_budget, one_line_message

SIDES = ("query", "key")
BATCH = 1 << 16  # lines that are decoded at a time
MAX_FOOTER = 1 << 24  # bytes; in memory, it takes some 25 times as much
KINDS = dict.fromkeys(AXES, "iu") | {"weight": "iuf", "hidden": "biu"}  # of NumPy types


def read_parquet(data: bytes, selection: Selection) -> RawAttention:
    """A Parquet table in long format, decoded a batch at a time: constant columns take no space.

    Raises InvalidInputError for an invalid file or missing columns, CouldNotError if pyarrow is
    not installed.
    """
    try:
        from pyarrow import ArrowException, BufferReader
        from pyarrow.parquet import ParquetFile
        from pyarrow.types import is_nested
    except ImportError:
        raise CouldNotError(
            "parquet files need the pyarrow package: pip install 'attnviz[arrow]'"
        ) from None
    try:
        check_footer(data)
        file = ParquetFile(BufferReader(data))
        check_line_count(file.metadata.num_rows)
        texts = [
            name
            for name in (*map(token_column, SIDES), MAP_COLUMN)
            if file.schema_arrow.names.count(name) == 1
            and not is_nested(file.schema_arrow.field(name).type)  # has no column of its own
        ]
        return read_table(ParquetFile(BufferReader(data), read_dictionary=texts))
    except (ArrowException, OSError, ValueError) as error:
        raise InvalidInputError(f"invalid parquet: {one_line_message(error)}") from None


def read_table(file: Any) -> RawAttention:
    """Attention from an open file, with the JSON document of its metadata if there is one."""
    available = file.schema_arrow.names
    for name in (*AXES, "weight"):
        if available.count(name) != 1:
            raise InvalidInputError(f"the table has no column {name!r}")
    check_packed_sizes(file)
    map_heads = MapHeads() if available.count(MAP_COLUMN) == 1 else None
    axes = measure_axes(lambda: read_batches(file, AXES, map_heads))
    has_hidden = "hidden" in available
    names = ("weight", "hidden") if has_hidden else ("weight",)
    weights, *others = fill_arrays(
        lambda: read_batches(file, (*AXES, *names), map_heads), axes, names
    )
    labels = {
        side: read_labels(file, side) for side in SIDES if available.count(token_column(side)) == 1
    }
    raw = build_attention(weights, axes, labels, () if map_heads is None else map_heads.names)
    document = (file.schema_arrow.metadata or {}).get(b"document")
    if document is None:
        return raw
    arrays: dict[str, Any] = {"weights": raw.weights}
    if others and others[0].any():
        arrays["visible"] = np.logical_not(others[0])
    return parse_own_arrays(document, arrays)


def check_footer(data: bytes) -> None:
    """Refuse a table whose columns and row groups take too much memory to list."""
    size = int.from_bytes(data[-8:-4], "little")
    if size > MAX_FOOTER:
        raise InvalidInputError(
            f"the footer of this table has {size:,} bytes; at most {MAX_FOOTER:,} are read. Write "
            "fewer columns, in larger row groups"
        )


def token_column(side: str) -> str:
    """The column of query or key tokens."""
    return f"{side}_token"


def check_packed_sizes(file: Any) -> None:
    """Refuse row groups that would take too much memory when they are decompressed.

    Their sizes are read without those of single columns: damaged statistics of a column, which
    pyarrow reads with its size, end the process.
    """
    metadata = file.metadata
    groups = map(metadata.row_group, range(metadata.num_row_groups))
    n_byte = sum(group.total_byte_size for group in groups)
    check_budget(n_byte, "this table, decompressed,")


def read_batches(
    file: Any, names: tuple[str, ...], map_heads: MapHeads | None = None
) -> Iterator[Batch]:
    """Batches of some numeric columns.    -> each [line]

    With `map_heads`, heads are those of all maps in the column `map`.
    """
    read = [*names, MAP_COLUMN] if map_heads is not None else list(names)
    for batch in file.iter_batches(BATCH, columns=read, use_threads=False):
        columns = {}
        for name in names:
            column = batch.column(batch.schema.get_field_index(name))
            values = column.to_numpy(zero_copy_only=False)
            if column.null_count or values.dtype.kind not in KINDS[name]:
                raise InvalidInputError(
                    f"the column {name!r} does not hold numbers, or has missing values"
                )
            columns[name] = values
        if map_heads is not None:
            maps = token_texts(batch.column(batch.schema.get_field_index(MAP_COLUMN)))
            columns["head"] = np.array(map_heads.encode(maps, columns["head"].tolist()), np.int64)
        yield columns


def read_labels(file: Any, side: str) -> dict[int, str]:
    """The token of each position, from the last line that has it."""
    labels: dict[int, str] = {}
    size = 0
    last = np.empty(LONGEST, dtype=np.int64)
    for batch in file.iter_batches(BATCH, columns=[side, token_column(side)], use_threads=False):
        columns = dict(zip(batch.schema.names, batch.columns, strict=True))
        positions = check_indices(columns[side].to_numpy(zero_copy_only=False), side)
        last[positions] = np.arange(len(positions))
        distinct = np.flatnonzero(np.bincount(positions))
        texts = token_texts(columns[token_column(side)].take(last[distinct]))
        for position, text in zip(distinct.tolist(), texts, strict=True):
            size += 0 if position in labels else len(text)
            labels[position] = text
        if size > LARGEST_TEXT:
            raise InvalidInputError(
                f"{side} tokens of more than {LARGEST_TEXT:,} characters are not read"
            )
    return labels


def token_texts(column: Any) -> list[str]:
    """The tokens of a column; equal ones are one object, since a dictionary may repeat a long one.

    Shapes: [line] -> [line]
    """
    from pyarrow.types import is_dictionary, is_primitive

    if is_dictionary(column.type):
        codes = column.indices.fill_null(-1).to_numpy(zero_copy_only=False)
        distinct = np.unique(codes[codes >= 0])
        texts = map(str, column.dictionary.take(distinct).to_pylist())
        by_code = dict(zip(distinct.tolist(), texts, strict=True))
        return [by_code.get(code, str(None)) for code in codes.tolist()]
    if not is_primitive(column.type):
        raise InvalidInputError(f"tokens of type {column.type!s:.40} are not read")
    return list(map(str, column.to_pylist()))
