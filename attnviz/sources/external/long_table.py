"""Long tables: one weight per line, in columns that are read a batch of lines at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from math import prod
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.file_format import COLUMNS
from attnviz.core.tokens import Token
from attnviz.errors import InvalidInputError
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.external.token_lists import make_plain_token
from attnviz.sources.safe_read import LONGEST, check_budget

AXES = COLUMNS[:4]
BYTES_PER_LINE = 12  # a weight in the table and in the map, a mask likewise, two flags

Batch = Mapping[str, Any]  # column name to values: a few lines of the table
Batches = Callable[[], Iterator[Batch]]  # reads the table from its first line


class TableAxes(NamedTuple):
    """The axes of a table: its layers and heads in order of appearance, and the other sizes."""

    layers: tuple[int, ...]
    heads: tuple[int, ...]
    n_query: int
    n_key: int

    @property
    def shape(self) -> tuple[int, int, int, int]:
        """The shape of the weights."""
        return len(self.layers), len(self.heads), self.n_query, self.n_key


class OrderedIndices:
    """The distinct indices of a column, in order of appearance."""

    def __init__(self) -> None:
        self.order: list[int] = []
        self.is_present = np.zeros(LONGEST, dtype=bool)

    def update(self, indices: IntArray) -> None:
        """Append the indices that are new.    [line]"""
        new = indices[~self.is_present[indices]]
        if new.size:
            distinct, first = np.unique(new, return_index=True)
            self.order += distinct[np.argsort(first)].tolist()
            self.is_present[new] = True


class MapHeads:
    """The heads of the maps in a table that has a column `map`, in order of appearance."""

    def __init__(self) -> None:
        self.order: dict[tuple[str, int], int] = {}

    def encode(self, maps: Iterable[str], heads: Iterable[int]) -> list[int]:
        """The index of each line's head among the heads of all maps.    [line] -> [line]"""
        codes = [
            self.order.setdefault(at, len(self.order)) for at in zip(maps, heads, strict=True)
        ]
        if len(self.order) > LONGEST:
            raise InvalidInputError(f"the table has more than {LONGEST:,} heads")
        return codes

    @property
    def names(self) -> tuple[str, ...]:
        """The name of each head, with its map; empty for tables without that column."""
        return tuple(f"{name} · head {head}" for name, head in self.order)


def check_indices(indices: Any, name: str) -> IntArray:
    """The indices of a column as int64, each within its limits.    [line] -> [line]"""
    if indices.size and not 0 <= indices.min() <= indices.max() < LONGEST:
        raise InvalidInputError(
            f"the column {name!r} should hold indices from 0 to {LONGEST - 1:,}"
        )
    return np.asarray(indices, dtype=np.int64)


def check_line_count(n_line: int) -> None:
    """Refuse a table whose weights would not fit in memory."""
    check_budget(BYTES_PER_LINE * n_line, f"a table of {n_line:,} lines")


def measure_axes(batches: Batches) -> TableAxes:
    """The axes of a table, whose lines may be in any order.

    Raises InvalidInputError if the lines are not as many as the weights.
    """
    layers, heads = OrderedIndices(), OrderedIndices()
    n_line, n_query, n_key = 0, 0, 0
    for batch in batches():
        layer, head, query, key = (check_indices(batch[name], name) for name in AXES)
        layers.update(layer)
        heads.update(head)
        n_query = max(n_query, int(query.max(initial=-1)) + 1)
        n_key = max(n_key, int(key.max(initial=-1)) + 1)
        n_line += len(layer)
    axes = TableAxes(tuple(layers.order), tuple(heads.order), n_query, n_key)
    if not n_line:
        raise InvalidInputError("the table has no line after its header")
    if prod(axes.shape) > n_line:
        raise InvalidInputError(f"the table has {n_line:,} weights, but {axes.shape} need more")
    if prod(axes.shape) < n_line:
        raise InvalidInputError("the table has two weights for one query and key")
    return axes


def fill_arrays(batches: Batches, axes: TableAxes, names: tuple[str, ...]) -> list[FloatArray]:
    """The values of some columns as arrays, whatever the order of the lines.

    Shapes: -> one [layer, head, query, key] per name
    Raises InvalidInputError for duplicate weights.
    """
    ranks = []
    for indices in (axes.layers, axes.heads):
        rank = np.zeros(LONGEST, dtype=np.int64)
        rank[list(indices)] = np.arange(len(indices))
        ranks.append(rank)
    n_cell = prod(axes.shape)
    dtypes = [np.float32 if name == "weight" else np.bool_ for name in names]
    arrays: list[Any] = [np.empty(n_cell, dtype) for dtype in dtypes]
    filled = np.zeros(n_cell, dtype=bool)
    for batch in batches():
        layer, head, query, key = (check_indices(batch[name], name) for name in AXES)
        cell = np.ravel_multi_index((ranks[0][layer], ranks[1][head], query, key), axes.shape)
        filled[cell] = True
        with np.errstate(over="ignore"):  # the map refuses infinity
            for array, name in zip(arrays, names, strict=True):
                array[cell] = batch[name]
    if not filled.all():
        raise InvalidInputError("the table has two weights for one query and key")
    return [array.reshape(axes.shape) for array in arrays]


def build_attention(
    weights: FloatArray,
    axes: TableAxes,
    labels: Mapping[str, Mapping[int, str]],
    names: tuple[str, ...] = (),
) -> RawAttention:
    """Attention from the weights of a table, and the labels of queries and keys by position.

    Shapes: weights [layer, head, query, key]
    """
    return RawAttention(
        weights=weights,
        axes="lhqk",
        queries=tokens_by_position(labels.get("query", {}), axes.n_query),
        keys=tokens_by_position(labels.get("key", {}), axes.n_key),
        layers=axes.layers,
        heads=axes.heads,
        names=names,
        is_single=True,
    )


def tokens_by_position(labels: Mapping[int, str], n: int) -> tuple[Token, ...] | None:
    """The token of each position, if the table has tokens."""
    return tuple(make_plain_token(labels[position]) for position in range(n)) if labels else None
