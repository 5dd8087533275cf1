"""Positions of tokens in long tables that hold the tokens only."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import isqrt
from typing import Any

import numpy as np

from attnviz.core.arrays import IntArray
from attnviz.errors import InvalidInputError
from attnviz.sources.safe_read import LONGEST


class TokenColumn:
    """The distinct tokens of a column, in order of appearance."""

    def __init__(self) -> None:
        self.order: dict[str, int] = {}

    def encode(self, cells: Iterable[str]) -> list[int]:
        """The number of each token among the distinct ones.    [line] -> [line]"""
        codes = [self.order.setdefault(cell, len(self.order)) for cell in cells]
        if len(self.order) > LONGEST:
            raise InvalidInputError(f"the table has more than {LONGEST:,} tokens")
        return codes


def place_tokens(
    columns: dict[str, Any],
    labels: dict[str, dict[int, str]],
    tokens: Mapping[str, TokenColumn],
) -> tuple[str, ...]:
    """Replace the numbers of tokens in `columns` by positions, and add the labels of positions.

    Returns a sentence if the order of the tokens is an assumption.

    Tokens that differ have the positions of their first appearance. Where a text repeats one,
    positions are counted, which needs lines in the order of queries and keys.

    Shapes: columns each [line]
    Raises InvalidInputError where repeated tokens have no certain position.
    """
    if not tokens:
        return ()
    places = number_runs(columns["layer"], columns["head"])
    if has_duplicates(places, columns["query"], columns["key"]):
        codes = {side: columns[side] for side in tokens}
        found = positions_by_order(places, columns["query"], columns["key"])
        for side, column in tokens.items():
            texts = list(column.order)
            columns[side] = found[side]
            numbers = zip(found[side].tolist(), codes[side].tolist(), strict=True)
            labels[side].update((at, texts[code]) for at, code in numbers)
        return ()
    for side, column in tokens.items():
        labels[side].update(enumerate(column.order))
    in_order = np.arange(len(places))
    for sides in (("key", "query"), ("query", "key")):
        if np.array_equal(np.lexsort((*(columns[side] for side in sides), places)), in_order):
            return ()
    return ("the table has no positions: tokens are in the order in which they appear",)


def positions_by_order(places: IntArray, queries: IntArray, keys: IntArray) -> dict[str, IntArray]:
    """The positions of queries and keys, from the order of the lines of each head.

    A head has its lines query by query, or key by key. `places` numbers the runs, `queries` and
    `keys` the tokens.
    Shapes: each [line] -> by side, each [line]
    Raises InvalidInputError where no order fits, or several do.
    """
    n_head = int(places[-1]) + 1
    line = np.arange(len(places) // n_head)
    query, key = queries[: len(line)], keys[: len(line)]
    fitting: list[tuple[IntArray, IntArray]] = []
    for n in divisors(len(line)) if is_repeated((queries, keys), places, n_head) else ():
        found = [(line // n, line % n)] if is_grid(query, key, n) else []
        found += [(line % n, line // n)] if is_grid(key, query, n) else []
        fitting += [pair for pair in found if not fitting or not np.array_equal(pair, fitting[0])]
        if len(fitting) > 1:
            break
    if len(fitting) != 1:
        raise InvalidInputError(
            "tokens repeat, so their positions are not certain; add the columns 'query' and "
            "'key', which count tokens from 0"
        )
    return {
        side: np.tile(at, n_head) for side, at in zip(("query", "key"), fitting[0], strict=True)
    }


def has_duplicates(*columns: IntArray) -> bool:
    """Whether two lines are the same in all columns.    each [line]"""
    order = np.lexsort(columns)
    changes = [np.diff(column[order]) != 0 for column in columns]
    return not bool(np.any(changes, axis=0).all())


def number_runs(layers: IntArray, heads: IntArray) -> IntArray:
    """The number of the run of lines of one layer and head, for each line.    [line] -> [line]"""
    starts = (np.diff(layers, prepend=layers[:1]) != 0) | (np.diff(heads, prepend=heads[:1]) != 0)
    return np.cumsum(starts)


def is_repeated(sides: tuple[IntArray, IntArray], places: IntArray, n_head: int) -> bool:
    """Whether the lines of each head have the tokens of the first.    each [line]"""
    if len(places) % n_head or (np.diff(places.reshape(n_head, -1)) != 0).any():
        return False
    return all(bool((side == side[:1]).all()) for side in (s.reshape(n_head, -1) for s in sides))


def divisors(n: int) -> list[int]:
    """The numbers that divide n."""
    small = [d for d in range(1, isqrt(n) + 1) if n % d == 0]
    return sorted({*small, *(n // d for d in small)})


def is_grid(slow: IntArray, fast: IntArray, n_inner: int) -> bool:
    """Whether one column is constant over each run of lines, and another the same in each run.

    Shapes: each [line]
    """
    outer, inner = slow.reshape(-1, n_inner), fast.reshape(-1, n_inner)
    return bool((outer == outer[:, :1]).all() and (inner == inner[:1]).all())
