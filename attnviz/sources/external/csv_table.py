"""CSV and TSV tables in long format: one weight per line."""

from __future__ import annotations

import csv as standard
from array import array
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO, TextIOWrapper
from itertools import islice
from typing import Any

import numpy as np

from attnviz.core.file_format import MAP_COLUMN, from_cell
from attnviz.errors import InvalidInputError
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
from attnviz.sources.external.token_columns import TokenColumn, place_tokens
from attnviz.sources.safe_read import check_text_size, decode_text, one_line_message

PARSED_LINES = 1_000  # that become columns at a time
BATCH = 1 << 16  # lines of the columns that become weights at a time
MAX_LINE = 1 << 20  # characters of a line, with the line breaks in its cells
MAX_COLUMNS = 1_000


def read_csv(data: bytes, selection: Selection) -> RawAttention:
    """A table separated by commas."""
    return parse_table(data, ",")


def read_tsv(data: bytes, selection: Selection) -> RawAttention:
    """A table separated by tabs."""
    return parse_table(data, "\t")


def parse_table(data: bytes, separator: str) -> RawAttention:
    """Attention from the bytes of a long table."""
    check_text_size(data)
    map_heads = MapHeads()
    columns, labels, guesses = parse_columns(data, separator, map_heads)

    def batches() -> Iterator[Batch]:
        for start in range(0, len(columns["weight"]), BATCH):
            yield {name: values[start : start + BATCH] for name, values in columns.items()}

    axes = measure_axes(batches)
    (weights,) = fill_arrays(batches, axes, ("weight",))
    return replace(build_attention(weights, axes, labels, map_heads.names), guesses=guesses)


def parse_columns(
    data: bytes, separator: str, map_heads: MapHeads
) -> tuple[dict[str, Any], dict[str, dict[int, str]], tuple[str, ...]]:
    """The values of each column, the tokens of queries and keys by position, and assumptions.

    In a table of several maps, the heads are those of all maps, listed in `map_heads`.
    Shapes: -> each [line]
    """
    lines = BoundedLines(data)
    rows = standard.reader(lines, delimiter=separator)
    columns: dict[str, Any] = {name: array("i") for name in AXES} | {"weight": array("f")}
    labels: dict[str, dict[int, str]] = {"query": {}, "key": {}}
    try:
        names = next(rows)
        tokens = find_token_columns(names)
        while block := list(islice(lines.group(rows, len(names)), PARSED_LINES)):
            cells = dict(zip(names, zip(*block, strict=True), strict=True))
            for name, column in columns.items():
                if name == "head" and MAP_COLUMN in cells:
                    maps = map(from_cell, cells[MAP_COLUMN])
                    heads = map(int, cells.get(name, "0" * len(block)))
                    column.extend(map_heads.encode(maps, heads))
                elif name in cells:
                    column.extend(map(float if name == "weight" else int, cells[name]))
                elif name in tokens:
                    column.extend(tokens[name].encode(cells[f"{name}_token"]))
                else:
                    column.extend([0] * len(block))  # a single layer or head
            for side, by_position in labels.items():
                if side in cells and f"{side}_token" in cells:
                    positions = columns[side][-len(block) :]
                    check_indices(np.asarray(positions), side)
                    by_position.update(zip(positions, cells[f"{side}_token"], strict=True))
    except UnicodeDecodeError:
        decode_text(data)  # raises with the position in the file
        raise
    except (ValueError, OverflowError, standard.Error) as error:
        reason = one_line_message(error)
        raise InvalidInputError(
            f"invalid table, line {rows.line_num} or before: {reason}"
        ) from None
    check_line_count(len(columns["weight"]))
    arrays = {name: np.asarray(column) for name, column in columns.items()}
    guesses = place_tokens(arrays, labels, tokens)
    texts = {side: {at: from_cell(cell) for at, cell in of.items()} for side, of in labels.items()}
    return arrays, texts, guesses


def find_token_columns(names: list[str]) -> dict[str, TokenColumn]:
    """The columns of tokens, by side, where the table has no column of positions.

    Raises InvalidInputError for a table without weights, queries or keys.
    """
    if len(names) > MAX_COLUMNS:
        raise InvalidInputError(f"the table has more than {MAX_COLUMNS:,} columns")
    for name in ("weight", "query", "key"):
        if name not in names and f"{name}_token" not in names:
            raise InvalidInputError(f"the table has no column {name!r}")
    return {side: TokenColumn() for side in ("query", "key") if side not in names}


class BoundedLines:
    """The lines of a file as text, of which one row of cells may have MAX_LINE characters."""

    def __init__(self, data: bytes) -> None:
        self.file = TextIOWrapper(BytesIO(data), encoding="utf-8-sig", newline="")
        self.n_character = 0

    def __iter__(self) -> Iterator[str]:
        """Lines with their line breaks, decoded one after the other."""
        while line := self.file.readline(MAX_LINE):
            self.n_character += len(line)
            if self.n_character > MAX_LINE:
                raise InvalidInputError(f"a line has more than {MAX_LINE:,} characters")
            yield line

    def group(self, rows: Iterator[list[str]], n_cell: int) -> Iterator[list[str]]:
        """The rows that a reader makes of the lines, each limited by itself.

        Raises ValueError for a row that does not have `n_cell` cells.
        """
        self.n_character = 0
        for row in rows:
            if len(row) != n_cell:
                raise ValueError(f"{len(row)} cells in a table of {n_cell} columns")
            self.n_character = 0
            yield row
