"""Long-format CSV and TSV: one weight per row, keyed by position because labels repeat."""

from __future__ import annotations

import csv as standard
from collections.abc import Iterator, Sequence
from io import StringIO

from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import table_heads
from attnviz.core.file_format import COLUMNS, ID_COLUMN, MAP_COLUMN, to_cell
from attnviz.render.data.decimals import require_float32, row_blocks, to_decimals
from attnviz.render.style import Style

START, QUERY, END = "\x00", "\x01", "\x02"  # placeholders in the template of a row


def csv(amap: AttentionMap, style: Style) -> Iterator[bytes]:
    """Comma-separated values (RFC 4180), LF line ends, UTF-8."""
    return table_chunks(amap, style, ",")


def tsv(amap: AttentionMap, style: Style) -> Iterator[bytes]:
    """Tab-separated values, LF line ends, UTF-8."""
    return table_chunks(amap, style, "\t")


def table_chunks(amap: AttentionMap, style: Style, separator: str) -> Iterator[bytes]:
    """The table in blocks of rows; layers and heads have their original numbers.

    A comparison has a column more, `map`: the map that a head belongs to; a table of several
    texts has the column `id`.
    Queries and keys count from 0. A token that a spreadsheet would execute, that contains a line
    break or that is not valid UTF-8 is a JSON string; `core.file_format.from_cell` decodes it.
    Raises NumbersError, before the first block, for numbers outside float32.
    """
    for layer, heads in zip(amap.layers, amap.weights, strict=True):
        for head, weights in zip(amap.heads, heads, strict=True):
            require_float32(weights, f"weight of layer {layer}, head {head}")
    return table_rows(amap, style, separator)


def table_rows(amap: AttentionMap, style: Style, separator: str) -> Iterator[bytes]:
    """The header and the rows; one template per query has all but layer, head, weight, map."""
    queries, keys = (
        quote_cells([token.label for token in tokens], separator)
        for tokens in (amap.queries, amap.keys)
    )
    heads, maps = table_heads(amap)
    names = quote_cells(maps, separator)
    id = [] if style.row_id is None else quote_cells([style.row_id], separator)
    columns = (*COLUMNS, *([MAP_COLUMN] if maps else ()), *([ID_COLUMN] if id else ()))
    yield (separator.join(columns) + "\n").encode()
    # No cell holds the placeholders: `to_cell` encodes control characters.
    row = "".join(
        f"{START}{k}{separator}{QUERY}{separator}{key.replace('%', '%%')}{separator}%r{END}\n"
        for k, key in enumerate(keys)
    )
    for i, layer in enumerate(amap.layers):
        for j, head in enumerate(heads):
            what = f"weight of layer {layer}, head {head}"
            end = "".join(separator + cell for cell in (*names[j : j + 1], *id))
            end = end.replace("%", "%%")
            for block in row_blocks(*amap.weights.shape[2:]):
                decimals = to_decimals(amap.weights[i, j, block], what, style.precision)
                lines = []
                for q, weights in enumerate(decimals, start=block.start):
                    start = separator.join((str(layer), str(head), str(q), ""))
                    template = row.replace(START, start).replace(END, end)
                    template = template.replace(QUERY, queries[q].replace("%", "%%"))
                    lines.append(template % tuple(weights))
                yield "".join(lines).encode()


def quote_cells(texts: Sequence[str], separator: str) -> list[str]:
    """Texts as cells, quoted where the format requires it."""
    cells = []
    for text in texts:
        cell = StringIO()
        # With a second, empty column an empty token is an empty cell, not "".
        standard.writer(cell, delimiter=separator, lineterminator="").writerow([to_cell(text), ""])
        cells.append(cell.getvalue()[: -len(separator)])
    return cells
