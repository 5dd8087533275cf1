"""Who looks at whom: positions of heads, queries and keys, shaped to broadcast.

A rule written for one query and one key, over `grid.q` and `grid.k`, holds for all of them,
and for any block of query rows, without an n × n array ever being made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attnviz.core.arrays import IntArray, Shape
from attnviz.record import Record

Note = tuple[IntArray, IntArray]  # what is known of each query, and of each key
Some = slice | IntArray  # some members of an axis


class Place(NamedTuple):
    """Where a block lies in a layer: some heads, some queries, some keys."""

    heads: slice = slice(None)
    rows: slice = slice(None)
    keys: Some = slice(None)


EVERYTHING = Place()


class Grid(Record):
    """Positions that broadcast to [head, query, key].

    Shapes: h [head, 1, 1], row and q [1, query, 1], k [1, 1, key]

    `row` counts the queries from 0. `q` is the query's position among the keys: with fewer
    queries than keys, the queries are the last positions, as when a model decodes. The grid of
    a block has the rows and keys of that block; `n_head`, `n_query` and `n_key` are always
    those of the whole layer.
    `notes` are what a source knows of its tokens: "pad" (1 = padding), "segment",
    "letters" (how many letters a token has), each for the queries and for the keys.
    """

    h: IntArray
    row: IntArray
    k: IntArray
    n_head: int
    n_query: int
    n_key: int
    notes: Mapping[str, Note] = field(default_factory=dict)

    @classmethod
    def of(
        cls, n_head: int, n_query: int, n_key: int, notes: Mapping[str, Note] | None = None
    ) -> Grid:
        """The grid of a whole layer."""
        return cls(
            h=np.arange(n_head)[:, None, None],
            row=np.arange(n_query)[None, :, None],
            k=np.arange(n_key)[None, None, :],
            n_head=n_head,
            n_query=n_query,
            n_key=n_key,
            notes=notes or {},
        )

    @property
    def offset(self) -> int:
        """How many keys lie before the first query."""
        return max(self.n_key - self.n_query, 0)

    @property
    def q(self) -> IntArray:
        """Positions of the queries, counted as keys are.    -> [1, query, 1]"""
        return self.row + self.offset

    def note(self, name: str) -> Note:
        """What is known of queries and of keys, else zeros.    -> [1, query, 1], [1, 1, key]"""
        if name not in self.notes:
            return np.zeros_like(self.row), np.zeros_like(self.k)
        of_query, of_key = self.notes[name]
        return np.asarray(of_query)[self.row], np.asarray(of_key)[self.k]

    def row_at(self, i: int) -> Grid:
        """The grid of one of its queries alone."""
        return replace(self, row=self.row[:, [i]])

    @property
    def steps(self) -> tuple[IntArray, IntArray]:
        """How far each key is from the nearest and from the farthest query.    -> [key], [key]"""
        after, before = self.k[0, 0] - self.q[0, -1, 0], self.q[0, 0, 0] - self.k[0, 0]
        nearest = np.maximum(np.maximum(after, before), 0)
        return nearest, np.maximum(-after, -before)

    @property
    def shape(self) -> Shape:
        """How many heads, queries and keys this grid has: the block's own numbers."""
        return self.h.size, self.row.size, self.k.size

    def part(self, place: Place) -> Grid:
        """The same grid, seen by some of its heads and queries, with some of its keys."""
        return replace(
            self,
            h=self.h[place.heads],
            row=self.row[:, place.rows],
            k=self.k[:, :, place.keys],
        )

    def part_of(self, array: NDArray[Any]) -> NDArray[Any]:
        """What a given array says of the heads, queries and keys of this grid.

        Shapes: broadcasts to [all heads, all queries, all keys], and to [head, query, key]
        """
        for axis, own in ((-3, self.h), (-2, self.row), (-1, self.k)):
            if array.ndim >= -axis and array.shape[axis] not in (1, own.size):
                array = array.take(own.ravel(), axis)
        return array
