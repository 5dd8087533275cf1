"""File format shared by writers and readers: name, version, columns, escaping of table cells."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence

FORMAT = "attnviz"
FORMAT_VERSION = "1.0"  # minor: keys were added; major: readers must refuse
COLUMNS = ("layer", "head", "query", "key", "query_token", "key_token", "weight")
ID_COLUMN = "id"  # in tables of several texts, the text that a weight belongs to
MAP_COLUMN = "map"  # after those, in tables of several maps: the map that the head belongs to

UNSAFE_CELL = r"""(?xs)
    \s*["=+\-@＝＋－＠]  # a quoted cell, or what a spreadsheet takes for a formula
    | .*[\x00-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff]  # a line break, a control, or no UTF-8
    """


def to_cell(text: str) -> str:
    r"""Text as one cell of a table: unchanged, or a JSON string where that would be unsafe.

    Unsafe is what a spreadsheet would run as a formula, what would break the line, and what is
    not UTF-8. A cell that begins with a quotation mark is therefore always a JSON string.

    >>> to_cell("cat"), to_cell("=1+1")
    ('cat', '"=1+1"')
    """
    return json.dumps(text) if re.match(UNSAFE_CELL, text) else text


def from_cell(cell: str) -> str:
    """The text of a cell written by `to_cell`; a broken JSON string is returned unchanged."""
    if cell.startswith('"'):
        try:
            text = json.loads(cell)
        except ValueError:
            return cell
        return str(text)
    return cell


def different_columns(columns: Sequence[str], first_columns: Sequence[str]) -> str:
    """The message about a text whose table has other columns than that of the first text."""
    return (
        f"its columns, {' '.join(columns)}, differ from those of the first text, "
        f"{' '.join(first_columns)}; write one file per text: -o 'table-{{n}}.csv'"
    )
