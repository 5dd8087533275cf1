"""Grid: indices of heads, queries and keys, shaped to broadcast to [head, query, key].

A rule written for one query and one key, over `grid.q` and `grid.k`, applies to every pair, and
to any block of queries, without an n × n array.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field
from typing import TYPE_CHECKING, Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray

from attnviz.core.arrays import IntArray, Shape
from attnviz.core.renamed import missing_attribute
from attnviz.errors import ShapeError
from attnviz.record import Record, replace_fields

TokenFeature = tuple[IntArray, IntArray]  # one number per query, one per key
AxisIndex = slice | IntArray  # some members of an axis


class BlockIndex(NamedTuple):
    """The heads, queries and keys of a layer that a block covers."""

    heads: slice = slice(None)
    queries: slice = slice(None)
    keys: AxisIndex = slice(None)


FULL_BLOCK = BlockIndex()


class Grid(Record, eq=False):
    """Indices that broadcast to [head, query, key].

    Shapes: h [head, 1, 1], query_index and q [1, query, 1], k [1, 1, key]

    `query_index` counts the queries from 0. `q` is the query's position among the keys: with
    fewer queries than keys, the queries are the last positions, as in decoding with a KV cache,
    or with `starts_at_first` the first ones.
    The grid of a block holds the queries and keys of that block; `n_head`, `n_query` and `n_key`
    are always those of the whole layer.
    `token_features` are numbers of the tokens: "pad" (1 = padding), "segment", "letters" (letter
    count), each for the queries and for the keys.
    """

    h: IntArray
    query_index: IntArray
    k: IntArray
    n_head: int
    n_query: int
    n_key: int
    token_features: Mapping[str, TokenFeature] = field(default_factory=dict)
    starts_at_first: bool = False
    renamed: ClassVar[Mapping[str, str]] = {
        "row": "query_index",
        "row_at": "single_query",
        "steps": "distance_range",
        "note": "token_feature",
        "notes": "token_features",
        "part": "select_block",
        "part_of": "slice_array",
    }

    if not TYPE_CHECKING:  # a type checker reports attributes that do not exist

        def __getattr__(self, name: str) -> Any:
            raise missing_attribute(self, name)

    @classmethod
    def of(
        cls,
        n_head: int,
        n_query: int,
        n_key: int,
        token_features: Mapping[str, TokenFeature] | None = None,
    ) -> Grid:
        """The grid of a whole layer."""
        return cls(
            h=np.arange(n_head)[:, None, None],
            query_index=np.arange(n_query)[None, :, None],
            k=np.arange(n_key)[None, None, :],
            n_head=n_head,
            n_query=n_query,
            n_key=n_key,
            token_features=token_features or {},
        )

    @property
    def offset(self) -> int:
        """Number of keys before the first query."""
        return 0 if self.starts_at_first else max(self.n_key - self.n_query, 0)

    @property
    def q(self) -> IntArray:
        """Positions of the queries among the keys.    -> [1, query, 1]"""
        return self.query_index + self.offset

    def token_feature(self, name: str) -> TokenFeature:
        """A feature of queries and keys, 0 where unknown.    -> [1, query, 1], [1, 1, key]"""
        if name not in self.token_features:
            return np.zeros_like(self.query_index), np.zeros_like(self.k)
        of_query, of_key = self.token_features[name]
        return np.asarray(of_query)[self.query_index], np.asarray(of_key)[self.k]

    def single_query(self, i: int) -> Grid:
        """The grid of its i-th query alone."""
        return replace_fields(self, query_index=self.query_index[:, [i]])

    @property
    def distance_range(self) -> tuple[IntArray, IntArray]:
        """Each key's distance to the nearest and to the farthest query.    -> [key], [key]"""
        after, before = self.k[0, 0] - self.q[0, -1, 0], self.q[0, 0, 0] - self.k[0, 0]
        nearest = np.maximum(np.maximum(after, before), 0)
        return nearest, np.maximum(-after, -before)

    @property
    def shape(self) -> Shape:
        """Numbers of heads, queries and keys of this grid; of a block, its own."""
        return self.h.size, self.query_index.size, self.k.size

    def select_block(self, index: BlockIndex) -> Grid:
        """The same grid for some of its heads, queries and keys."""
        return replace_fields(
            self,
            h=self.h[index.heads],
            query_index=self.query_index[:, index.queries],
            k=self.k[:, :, index.keys],
        )

    def slice_array(self, array: NDArray[Any]) -> NDArray[Any]:
        """An array over the whole layer, restricted to this grid's heads, queries and keys.

        Shapes: broadcasts to [all heads, all queries, all keys] -> to [head, query, key]
        Raises ShapeError for an array that does not broadcast to the whole layer.
        """
        layer = self.n_head, self.n_query, self.n_key
        if not broadcasts_to(array.shape, layer):
            raise ShapeError(
                f"an array of shape {array.shape} does not broadcast to [head, query, key] {layer}"
            )
        for axis, indices in ((-3, self.h), (-2, self.query_index), (-1, self.k)):
            if array.ndim >= -axis and array.shape[axis] > 1 and indices.size < layer[axis]:
                array = array.take(indices.ravel(), axis)
        return array


def broadcasts_to(shape: Shape, target: Shape) -> bool:
    """Whether an array of this shape broadcasts to the target.

    >>> broadcasts_to((1, 7), (2, 5, 7)), broadcasts_to((5,), (5, 7))
    (True, False)
    """
    if len(shape) > len(target):
        return False
    return all(n in (1, m) for n, m in zip(reversed(shape), reversed(target), strict=False))
