"""Files with the attention of several texts: JSON Lines, JSON lists, tables with a column `id`."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator
from dataclasses import replace
from io import BytesIO, StringIO

from attnviz.core.file_format import ID_COLUMN, from_cell
from attnviz.errors import InvalidInputError
from attnviz.sources.external.csv_table import MAX_COLUMNS, BoundedLines
from attnviz.sources.external.metadata import record_id
from attnviz.sources.external.selection import Item, Selection
from attnviz.sources.safe_read import check_text_size, decode_text, one_line_message
from attnviz.sources.strict_json import parse_json

MORE_LINES = re.compile(rb"\S")
LIST_OF_OBJECTS = re.compile(rb"\A(?:\xef\xbb\xbf)?[ \t\r\n]*\[[ \t\r\n]*\{")
SEPARATORS = {"csv": ",", "tsv": "\t"}


def split_items(reader: str, data: bytes) -> Iterator[Item] | None:
    """The texts in a file that the reader of this name reads; None if it holds a single one."""
    if reader in ("json", "plain-json") and is_json_lines(data):
        return split_lines(data)
    if reader == "plain-json" and LIST_OF_OBJECTS.match(data):
        return split_list(data)
    if reader in SEPARATORS and has_id_column(data, SEPARATORS[reader]):
        return split_table(data, SEPARATORS[reader])
    if reader == "parquet":
        from attnviz.sources.external.parquet_items import split_parquet

        return split_parquet(data)
    return None


def choose_item(
    items: list[Item], selection: Selection, *, is_table: bool
) -> tuple[Item, Selection, tuple[str, ...]]:
    """The selected text, by its id or number, what else is selected, and how it was chosen.

    Raises UnknownNameError for a name that a table has no text of.
    """
    if selection.name is None is selection.number:
        index, guesses = selection.choose_index(range(len(items)), "document")
        return items[index], selection, guesses
    ids = [item.id if item.id is not None else find_id(item.data) for item in items]
    if selection.name in ids or (is_table and selection.name is not None):
        index = selection.choose_name(list(map(str, ids))).position
        return items[index], replace(selection, name=None), ()
    if selection.number is None:
        index, guesses = selection.choose_index(range(len(items)), "document")
        return items[index], selection, guesses
    rest = replace(selection, number=None)
    if str(selection.number) in ids:
        index = ids.index(str(selection.number))
        is_other = index != selection.number
        note = f"showing document {index}, whose id is {selection.number}"
        return items[index], rest, (note,) * is_other
    return items[selection.choose_index(range(len(items)), "document").position], rest, ()


def find_id(data: bytes) -> str | None:
    """The id of a record, if it has one."""
    try:
        return record_id(parse_json(decode_text(data)))
    except InvalidInputError:
        return None  # stated when it is read


def is_json_lines(data: bytes) -> bool:
    """Whether these bytes are JSON Lines: a JSON object or list, then more of them."""
    end = data.find(b"\n")
    if end < 0 or MORE_LINES.search(data, end) is None:
        return False
    first = data[:end].removeprefix(b"\xef\xbb\xbf").strip()
    return (first.startswith(b"{") and first.endswith(b"}")) or (
        first.startswith(b"[") and first.endswith(b"]") and is_json(first)
    )


def is_json(data: bytes) -> bool:
    """Whether these bytes are one JSON value."""
    try:
        parse_json(decode_text(data))
    except InvalidInputError:
        return False
    return True


def split_lines(data: bytes) -> Iterator[Item]:
    """The lines of JSON Lines; the id of a record is found when it is read."""
    for number, line in enumerate(BytesIO(data), start=1):
        if line.strip():
            yield Item(None, f"line {number}: ", line)


def split_list(data: bytes) -> Iterator[Item]:
    """The objects of a JSON list."""
    for number, record in enumerate(parse_json(decode_text(data))):
        if not isinstance(record, dict):
            raise InvalidInputError(f"value {number} of the list is no object, as others are")
        yield Item(record_id(record), f"value {number}: ", json.dumps(record).encode())


def has_id_column(data: bytes, separator: str) -> bool:
    """Whether the header of a table has a column `id`; its reader refuses an invalid one."""
    header = data[: data.find(b"\n") + 1 or None][: 1 << 16].decode("utf-8-sig", "replace")
    try:
        return ID_COLUMN in next(csv.reader([header.strip("\r\n")], delimiter=separator), [])
    except csv.Error:
        return False


def split_table(data: bytes, separator: str) -> Iterator[Item]:
    """The rows of each id as a table of its own, in the order of the first rows."""
    check_text_size(data)
    lines = BoundedLines(data)
    rows = csv.reader(lines, delimiter=separator)
    parts: dict[str, StringIO] = {}
    try:
        names = next(rows)
        if len(names) > MAX_COLUMNS:
            raise InvalidInputError(f"the table has more than {MAX_COLUMNS:,} columns")
        column = names.index(ID_COLUMN)
        for row in lines.group(rows, len(names)):
            part = parts.get(row[column])
            if part is None:
                part = parts[row[column]] = StringIO()
                csv.writer(part, delimiter=separator).writerow(names)
            csv.writer(part, delimiter=separator).writerow(row)
    except UnicodeDecodeError:
        decode_text(data)  # raises with the position in the file
        raise
    except (ValueError, csv.Error) as error:
        reason = one_line_message(error)
        raise InvalidInputError(f"invalid table, line {rows.line_num}: {reason}") from None
    if not parts:
        raise InvalidInputError("the table has no line after its header")
    for cell, part in parts.items():
        id = from_cell(cell)
        yield Item(id, f"id {id!r:.40}: ", part.getvalue().encode())
