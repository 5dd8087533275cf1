"""The long table, read back: one weight a line."""

from __future__ import annotations

import csv as standard
from array import array
from collections.abc import Mapping
from io import StringIO
from itertools import islice
from math import prod
from typing import Any

import numpy as np

from attnviz.core.arrays import IntArray
from attnviz.core.file_format import COLUMNS, from_cell
from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError
from attnviz.sources.external.assemble import LONGEST, Found
from attnviz.sources.external.safe_read import brief, text_of
from attnviz.sources.external.selection import Wish

AXES = COLUMNS[:4]
BLOCK = 10_000  # lines turned into columns at a time


def csv(data: bytes, wish: Wish) -> Found:
    """Columns parted by commas."""
    return table(text_of(data), ",")


def tsv(data: bytes, wish: Wish) -> Found:
    """Columns parted by tabs."""
    return table(text_of(data), "\t")


def table(text: str, separator: str) -> Found:
    """The long table as text."""
    columns, labels = columns_of(text, separator)
    known = {side: {at: from_cell(cell) for at, cell in of.items()} for side, of in labels.items()}
    return placed(columns, known)


def placed(columns: Mapping[str, Any], labels: Mapping[str, Mapping[int, str]]) -> Found:
    """Each weight at its place, whatever the order of lines and columns.

    Shapes: columns [line] -> weights [layer, head, query, key]
    Raises InvalidInputError for a number or a line that is missing or too much.
    """
    places = [np.array(columns[name], dtype=np.int64) for name in AXES]
    if not places[0].size:
        raise InvalidInputError("the table has no line below its head")
    for name, place in zip(AXES, places, strict=True):
        if not 0 <= place.min() <= place.max() < LONGEST:
            raise InvalidInputError(f"the column {name!r} should count from 0, below {LONGEST:,}")
    (layers, at_layer), (heads, at_head) = in_order(places[0]), in_order(places[1])
    query, key = places[2:]
    shape = (len(layers), len(heads), int(query.max()) + 1, int(key.max()) + 1)
    if prod(shape) != query.size:
        raise InvalidInputError(f"the table has {query.size:,} weights, but {shape} need more")
    place = np.ravel_multi_index((at_layer, at_head, query, key), shape)
    filled = np.zeros(place.size, dtype=bool)
    filled[place] = True
    if not filled.all():
        raise InvalidInputError("the table has two weights for one query and key")
    weights = np.empty(place.size, dtype=np.float32)
    with np.errstate(over="ignore"):  # the map refuses infinity
        weights[place] = np.array(columns["weight"])
    return Found(
        weights=weights.reshape(shape),
        axes="lhqk",
        queries=tokens(labels.get("query", {}), shape[2]),
        keys=tokens(labels.get("key", {}), shape[3]),
        layers=layers,
        heads=heads,
        picked=True,
    )


def columns_of(text: str, separator: str) -> tuple[dict[str, Any], dict[str, dict[int, str]]]:
    """The numbers of each column, and the text of each query and key."""
    lines = standard.reader(StringIO(text, newline=""), delimiter=separator)
    columns: dict[str, Any] = {name: array("q") for name in AXES} | {"weight": array("d")}
    labels: dict[str, dict[int, str]] = {"query": {}, "key": {}}
    try:
        names = next(lines)
        missing = [name for name in columns if name not in names]
        if missing:
            raise InvalidInputError(f"the table has no column {missing[0]!r}")
        while block := list(islice(lines, BLOCK)):
            cells = dict(zip(names, zip(*block, strict=True), strict=True))
            for name, column in columns.items():
                column.extend(map(float if name == "weight" else int, cells[name]))
            for side, known in labels.items():
                if f"{side}_token" in cells:
                    places = columns[side][-len(block) :]
                    known.update(zip(places, cells[f"{side}_token"], strict=True))
    except (ValueError, OverflowError, standard.Error) as error:
        where = f"up to line {lines.line_num}"
        raise InvalidInputError(f"the table breaks {where}: {brief(error)}") from None
    return columns, labels


def tokens(labels: Mapping[int, str], n: int) -> tuple[Token, ...] | None:
    """The token of each position, if the table has any."""
    return tuple(Token.of(labels[place]) for place in range(n)) if labels else None


def in_order(numbers: IntArray) -> tuple[tuple[int, ...], IntArray]:
    """The numbers there are, as they come, and the place of each.    [line] -> [line]"""
    there, first, places = np.unique(numbers, return_index=True, return_inverse=True)
    order = np.argsort(first)
    rank = np.argsort(order)
    return tuple(int(number) for number in there[order]), rank[places.reshape(-1)]
