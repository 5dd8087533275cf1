"""Long-format CSV and TSV: one weight per row, keyed by position because labels repeat."""

from __future__ import annotations

import csv as standard
from collections.abc import Sequence
from io import StringIO

from attnviz.core.attention_map import AttentionMap
from attnviz.core.file_format import COLUMNS, to_cell
from attnviz.core.tokens import Token
from attnviz.render.data.decimals import to_decimals
from attnviz.render.style import Style


def csv(amap: AttentionMap, style: Style) -> bytes:
    """Comma-separated values (RFC 4180), LF line ends, UTF-8."""
    return write_table(amap, style, ",")


def tsv(amap: AttentionMap, style: Style) -> bytes:
    """Tab-separated values, LF line ends, UTF-8."""
    return write_table(amap, style, "\t")


def write_table(amap: AttentionMap, style: Style, separator: str) -> bytes:
    """The table; layers and heads have their original numbers, queries and keys count from 0.

    A token that a spreadsheet would execute, that contains a line break or that is not valid
    UTF-8 is a JSON string; `core.file_format.from_cell` decodes it.
    """
    queries, keys = label_cells(amap.queries, separator), label_cells(amap.keys, separator)
    middles = [  # the same for every head, and most of the work
        separator.join((str(q), str(k), query, key, ""))
        for q, query in enumerate(queries)
        for k, key in enumerate(keys)
    ]
    flat = amap.weights.reshape(amap.n_layer, amap.n_head, -1)
    lines = [separator.join(COLUMNS) + "\n"]
    for layer, heads in zip(amap.layers, flat, strict=True):
        for head, weights in zip(amap.heads, heads, strict=True):
            start = f"{layer}{separator}{head}{separator}"
            decimals = to_decimals(
                weights, f"weight of layer {layer}, head {head}", style.precision
            )
            lines += [f"{start}{m}{w!r}\n" for m, w in zip(middles, decimals, strict=True)]
    return "".join(lines).encode()


def label_cells(tokens: Sequence[Token], separator: str) -> list[str]:
    """The labels as cells, quoted where the format requires it."""
    cells = []
    for token in tokens:
        cell = StringIO()
        # With a second, empty column an empty token is an empty cell, not "".
        standard.writer(cell, delimiter=separator, lineterminator="").writerow(
            [to_cell(token.label), ""]
        )
        cells.append(cell.getvalue()[: -len(separator)])
    return cells
