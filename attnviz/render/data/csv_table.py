"""The long table: one weight a line, keyed by position because labels repeat."""

from __future__ import annotations

import csv as standard
from collections.abc import Sequence
from io import StringIO

from attnviz.core.attention_map import AttentionMap
from attnviz.core.file_format import COLUMNS, to_cell
from attnviz.core.tokens import Token
from attnviz.render.data.decimals import decimals
from attnviz.render.style import Style


def csv(amap: AttentionMap, style: Style) -> bytes:
    """Columns parted by commas (RFC 4180), lines by LF, UTF-8."""
    return table(amap, style, ",")


def tsv(amap: AttentionMap, style: Style) -> bytes:
    """Columns parted by tabs, lines by LF, UTF-8."""
    return table(amap, style, "\t")


def table(amap: AttentionMap, style: Style, separator: str) -> bytes:
    """Layer and head by their original numbers, query and key from zero.

    A token that a spreadsheet would run, that would break its line or that is no UTF-8 stands
    there as a JSON string; `core.document.from_cell` undoes it.
    """
    queries, keys = cells(amap.queries, separator), cells(amap.keys, separator)
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
            shown = decimals(weights, f"weight of layer {layer}, head {head}", style.precision)
            lines += [f"{start}{m}{w!r}\n" for m, w in zip(middles, shown, strict=True)]
    return "".join(lines).encode()


def cells(tokens: Sequence[Token], separator: str) -> list[str]:
    """The labels as cells, quoted where the table asks for it."""
    made = []
    for token in tokens:
        cell = StringIO()
        # a second, empty column keeps an empty token an empty cell
        standard.writer(cell, delimiter=separator, lineterminator="").writerow(
            [to_cell(token.label), ""]
        )
        made.append(cell.getvalue()[: -len(separator)])
    return made
