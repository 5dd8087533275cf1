"""Tables that are a matrix: one row per query, one column per key, with or without labels."""

from __future__ import annotations

import csv as standard
from collections.abc import Iterator, Sequence
from io import StringIO
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.tokens import Tokens
from attnviz.errors import InvalidInputError
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.selection import Selection
from attnviz.sources.external.token_lists import make_tokens, position_tokens
from attnviz.sources.external.vector import from_vector
from attnviz.sources.safe_read import LONGEST, check_budget, decode_text, one_line_message

SEPARATORS = "\t;,"  # the first in the second line, or between numbers of the first; else blanks
BYTES_PER_CELL = 120  # a string and a float
ENOUGH = 64  # cells of a row from which its separator is recognized


class Cells(NamedTuple):
    """The cells of a table, each row with the number of its line; labels are None if absent.

    Shapes: weights [query, key]
    """

    weights: FloatArray
    queries: tuple[str, ...] | None
    keys: tuple[str, ...] | None
    guesses: tuple[str, ...] = ()


def read_matrix(data: bytes, selection: Selection) -> RawAttention:
    """A table of numbers as pandas, np.savetxt or a spreadsheet write it."""
    text = decode_text(data)
    cells = parse_cells(text)
    return from_matrix(*cells)


def from_matrix(
    weights: FloatArray,
    queries: Sequence[Any] | None = None,
    keys: Sequence[Any] | None = None,
    guesses: tuple[str, ...] = (),
) -> RawAttention:
    """Attention from a matrix and its labels.    [query, key]

    A single column is one weight per word. A square matrix that labels its columns only is taken
    for self-attention.
    """
    n_query, n_key = weights.shape
    if n_key == 1 and n_query > 1:
        return from_vector(weights[:, 0], to_tokens(queries))
    if n_query == 1 and queries is None:
        return from_vector(weights[0], to_tokens(keys))
    sides = [to_tokens(queries), to_tokens(keys)]
    if sides[1] is not None and sides[0] is None:
        sides[0] = sides[1] if n_query == n_key else position_tokens(n_query)
        how = "the tokens of the columns" if n_query == n_key else "positions"
        note = f"only the columns have labels; showing {how} as queries (see --tokens)"
        guesses = (*guesses, note)
    return RawAttention(
        weights=weights, axes="qk", queries=sides[0], keys=sides[1], guesses=guesses
    )


def to_tokens(labels: Sequence[Any] | None) -> Tokens | None:
    """The tokens of labels, unless they only count rows or columns."""
    if labels is None or [str(label) for label in labels] == [str(i) for i in range(len(labels))]:
        return None
    return make_tokens(tuple(map(str, labels)))


def parse_cells(text: str) -> Cells:
    """The weights and labels of a table.    -> [query, key]

    Raises InvalidInputError, with the line, for cells that are not numbers.
    """
    separator = find_separator(text)
    check_budget(BYTES_PER_CELL * (text.count(separator or " ") + text.count("\n")), "this table")
    rows = list(split_rows(text, separator))
    first, body = rows[0][1], rows[1:]
    width = len((body or rows)[0][1])
    has_index = any(not is_number(cells[0]) for _, cells in body) or (
        bool(body) and (is_index_header(first, width) or is_short_header(first, body, width))
    )
    has_header, guesses = find_header(first, body, width)
    if not has_header:
        body = rows
        has_index = any(not is_number(cells[0]) for _, cells in rows)
    weights = [parse_numbers(line, cells, width, has_index) for line, cells in body]
    if not weights or not weights[0]:
        raise InvalidInputError("the table has no row of numbers")
    queries = tuple(cells[0] for _, cells in body) if has_index else None
    keys = tuple(first[len(first) - len(weights[0]) :]) if has_header else None
    return Cells(np.array(weights, dtype=np.float64), queries, keys, guesses)


def find_separator(text: str) -> str | None:
    """The separator of cells; None: whitespace."""
    lines = [line for line in text.split("\n", 20)[:20] if line.strip() and line[0] != "#"]
    last = lines[min(1, len(lines) - 1)] if lines else ""
    first = lines[0] if lines else ""
    of_numbers = (mark for mark in SEPARATORS if is_row(first.split(mark, ENOUGH)[:ENOUGH]))
    return next((mark for mark in SEPARATORS if mark in last), next(of_numbers, None))


def split_rows(text: str, separator: str | None) -> Iterator[tuple[int, list[str]]]:
    """The cells of each row, with the number of its line; blank lines and comments are left out.

    Raises InvalidInputError for a table that is not one, and for too many rows.
    """
    lines = (
        (number, line)
        for number, line in enumerate(StringIO(text), start=1)
        if line.strip() and (separator or not line.startswith("#"))
    )
    if separator is None and '"' not in text:
        rows = ((number, line.split()) for number, line in lines)
    else:
        reader = standard.reader(
            (line for _, line in lines),
            delimiter=separator or " ",
            skipinitialspace=True,
            strict=True,
        )
        rows = ((reader.line_num, [cell.strip() for cell in row]) for row in reader)
    try:
        for count, row in enumerate(rows):
            if count > LONGEST:
                raise InvalidInputError(f"the table has more than {LONGEST:,} rows")
            yield row
    except standard.Error as error:
        raise InvalidInputError(f"invalid table: {one_line_message(error)}") from None


def find_header(
    first: list[str], body: list[tuple[int, list[str]]], width: int
) -> tuple[bool, tuple[str, ...]]:
    """Whether the first row holds labels, and a sentence if that is an assumption.

    Raises InvalidInputError where 0, 1, 2… may be labels or weights.
    """
    if not body:
        return False, ()
    if is_short_header(first, body, width) or is_index_header(first, width):
        return True, ()
    if not all(map(is_number, first[1:])) or (len(first) == 1 and not is_number(first[0])):
        return True, ()
    counts = [str(number) for number in range(width)]
    if first != counts or len(body) + 1 == width:
        return False, ()
    if len(body) == width:
        return True, (f"taking the first line, {counts[0]} to {counts[-1]}, for labels of keys",)
    raise InvalidInputError(
        f"the first line, {counts[0]} to {counts[-1]}, may be labels or weights; leave it out"
    )


def is_index_header(first: list[str], width: int) -> bool:
    """Whether the first cell of a header is blank: the column below it holds labels."""
    return len(first) == width and first[0] == "" and width > 1


def is_short_header(first: list[str], body: list[tuple[int, list[str]]], width: int) -> bool:
    """Whether a header has no cell above the labels of rows, as R writes it.

    Numbers are a header above labels that are text, or if they count the columns.
    """
    if len(first) != width - 1:
        return False
    counts = [str(number) for number in range(len(first))]
    has_text = any(not is_number(cells[0]) for _, cells in body)
    return has_text or first == counts or not all(map(is_number, first))


def is_row(cells: list[str]) -> bool:
    """Whether these cells are several numbers."""
    return len(cells) > 1 and all(map(is_number, cells))


def is_number(cell: str) -> bool:
    """Whether a cell is a number; NaN is one, a blank cell is none."""
    try:
        float(cell)
    except ValueError:
        return False
    return "_" not in cell


def parse_numbers(line: int, cells: list[str], width: int, has_index: bool) -> list[float]:
    """The weights of a row.    -> [key]"""
    if len(cells) != width:
        raise InvalidInputError(
            f"read as a matrix, line {line} has {len(cells)} cells; others have {width}"
        )
    numbers = cells[1:] if has_index else cells
    for column, cell in enumerate(numbers, start=1 + has_index):
        if not is_number(cell):
            raise InvalidInputError(
                f"read as a matrix, line {line}, column {column}: {cell!r:.40} is not a number"
                + ("; write decimal points" if is_number(cell.replace(",", ".")) else "")
            )
    return list(map(float, numbers))
