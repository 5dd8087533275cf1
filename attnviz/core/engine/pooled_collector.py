"""A map of a long text: stretches of queries by stretches of keys, without an n × n array."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.core.engine.attention import Block
from attnviz.core.engine.collectors import Collector
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.grid import Some
from attnviz.core.tokens import Token
from attnviz.core.variant import Variant
from attnviz.record import Record


class Stretches(Record):
    """Tokens in stretches of the same length, the last one as long as it happens to be."""

    n_token: int
    length: int

    @classmethod
    def at_most(cls, n_token: int, most: int) -> Stretches:
        """As many stretches as there may be.

        >>> Stretches.at_most(10, 4)
        Stretches(n_token=10, length=3)
        """
        return cls(n_token, max(1, -(-n_token // most)))

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def sizes(self) -> IntArray:
        """How many tokens each has.    -> [stretch]"""
        return np.diff(np.arange(0, self.n_token, self.length), append=self.n_token)

    def of(self, some: Some) -> tuple[IntArray, IntArray]:
        """The stretches that some tokens fall into, and where each begins among them."""
        tokens = np.arange(self.n_token)[some] // self.length
        starts = np.flatnonzero(np.diff(tokens, prepend=-1))
        return tokens[starts], starts

    def labels(self, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
        """A token for each stretch: its first … its last."""
        return tuple(
            one_of(tokens[start : start + self.length])
            for start in range(0, self.n_token, self.length)
        )


def one_of(tokens: tuple[Token, ...]) -> Token:
    """One token that stands for several."""
    first, last = tokens[0], tokens[-1]
    if len(tokens) == 1:
        return first
    label = f"{first.label}…{last.label}"
    return Token(label, label, start=first.start, end=last.end, segment=first.segment)


@dataclass
class PooledMap(Collector):
    """Keeps, for at most `most` stretches of queries and of keys, what POOLINGS makes of them."""

    most: int = 512
    sheets: list[PooledSheet] = field(default_factory=list)

    def open(self, call: LayerCall, variant: Variant) -> PooledSheet:
        """Room for a layer."""
        grid = call.inputs.grid
        sheet = PooledSheet(
            self,
            Stretches.at_most(grid.n_query, self.most),
            Stretches.at_most(grid.n_key, self.most),
            signed=variant.signed,
        )
        self.sheets.append(sheet)
        return sheet


def pooled(
    reduce: np.ufunc, array: FloatArray | BoolArray, row_starts: IntArray, key_starts: IntArray
) -> FloatArray:
    """Cells of a block, each reduced to one value.    [head, query, key] -> [head, row, column]"""
    ends = (*row_starts[1:], array.shape[1])
    rows = [reduce.reduce(array[:, i:j], axis=1) for i, j in zip(row_starts, ends, strict=True)]
    return reduce.reduceat(np.stack(rows, axis=1), key_starts, axis=2)


Digest = tuple[list[int], IntArray, IntArray, FloatArray, FloatArray, FloatArray, BoolArray]


class PooledSheet:
    """What is kept of a layer.    each [head, query stretch, key stretch]"""

    def __init__(
        self, collector: PooledMap, queries: Stretches, keys: Stretches, *, signed: bool
    ) -> None:
        self.collector, self.queries, self.keys, self.signed = collector, queries, keys, signed
        shape = len(collector.kept_heads), len(queries), len(keys)
        self.high, self.low, self.total = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.visible = np.zeros(shape, dtype=bool)

    def digest(self, block: Block) -> Digest | None:
        """The largest, the smallest, the sum and whether any is visible, cell by cell."""
        mine = list(self.collector.mine(block))
        if not mine or not block.weights.size:
            return None
        weights = block.weights
        if len(mine) < len(weights):
            weights = weights[[head for head, _ in mine]]
        rows, row_starts = self.queries.of(block.place.rows)
        keys, key_starts = self.keys.of(block.place.keys)
        cells = row_starts, key_starts
        high = pooled(np.maximum, weights, *cells)
        low = pooled(np.minimum, weights, *cells) if self.signed else high
        total = pooled(np.add, weights, *cells)
        shown = np.ones(high.shape, dtype=bool)
        if not block.visible.all():
            here = np.broadcast_to(block.visible, (len(block.visible), *weights.shape[1:]))
            heads = [head for head, _ in mine] if len(here) > 1 else [0]
            shown = np.broadcast_to(pooled(np.logical_or, here[heads], *cells), high.shape)
        return [at for _, at in mine], rows, keys, high, low, total, shown

    def add(self, digested: Digest | None) -> None:
        """Put a block's cells where they belong; a cell may lie in several blocks."""
        if digested is None:
            return
        heads, rows, keys, high, low, total, seen = digested
        where = np.ix_(np.array(heads), rows, keys)
        self.high[where] = np.maximum(self.high[where], high)
        self.low[where] = np.minimum(self.low[where], low)
        self.total[where] += total
        self.visible[where] |= seen

    def share(self) -> FloatArray:
        """What queries of a stretch spend on a stretch, on average: rows sum as they did.

        Shapes: -> [head, stretch, stretch]
        """
        return self.total / self.queries.sizes[:, None]

    def mean(self) -> FloatArray:
        """The mean of a cell's weights, hidden ones counting as 0.    [head, stretch, stretch]"""
        return self.share() / self.keys.sizes

    def strongest(self) -> FloatArray:
        """The weight of each cell that is furthest from 0.    [head, stretch, stretch]"""
        return np.where(-self.low > self.high, self.low, self.high)


# What a cell shows, and what it says it shows.
POOLINGS: Mapping[str, tuple[Callable[[PooledSheet], FloatArray], str]] = {
    "share": (PooledSheet.share, "what its queries spend on its keys, on average"),
    "mean": (PooledSheet.mean, "the mean of its weights"),
    "strongest": (PooledSheet.strongest, "its strongest weight"),
}
