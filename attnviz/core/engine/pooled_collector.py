"""Pooled collector: maps of long texts, bins of queries by bins of keys, without n × n arrays."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.core.engine.attention import Block
from attnviz.core.engine.collectors import Collector
from attnviz.core.engine.layer_call import LayerCall
from attnviz.core.grid import AxisIndex, BlockIndex
from attnviz.core.tokens import Token
from attnviz.core.variant import Variant
from attnviz.record import Record


class TokenBins(Record):
    """Bins of `length` consecutive tokens; the last one may be shorter."""

    n_token: int
    length: int

    @classmethod
    def at_most(cls, n_token: int, max_bins: int) -> TokenBins:
        """The smallest bins of which at most `max_bins` cover the tokens.

        >>> TokenBins.at_most(10, 4)
        TokenBins(n_token=10, length=3)
        """
        return cls(n_token, max(1, -(-n_token // max_bins)))

    def __len__(self) -> int:
        return len(self.sizes)

    @property
    def sizes(self) -> IntArray:
        """Number of tokens per bin.    -> [bin]"""
        return np.diff(np.arange(0, self.n_token, self.length), append=self.n_token)

    def of(self, selection: AxisIndex) -> tuple[IntArray, IntArray]:
        """The bins of the selected tokens, and the index of each bin's first selected token."""
        bins = np.arange(self.n_token)[selection] // self.length
        starts = np.flatnonzero(np.diff(bins, prepend=-1))
        return bins[starts], starts

    def labels(self, tokens: tuple[Token, ...]) -> tuple[Token, ...]:
        """One token per bin, labelled first…last."""
        return tuple(
            join_tokens(tokens[start : start + self.length])
            for start in range(0, self.n_token, self.length)
        )


def join_tokens(tokens: tuple[Token, ...]) -> Token:
    """One token that spans several, labelled first…last."""
    first, last = tokens[0], tokens[-1]
    if len(tokens) == 1:
        return first
    label = f"{first.label}…{last.label}"
    return Token(label, label, start=first.start, end=last.end, segment=first.segment)


class PooledCollector(Collector):
    """Records at most `max_bins` bins of queries and of keys per layer; see POOLINGS."""

    def __init__(self, *, max_bins: int = 512, **selection: Collection[int] | None) -> None:
        super().__init__(**selection)
        self.max_bins = max_bins
        self.accumulators: list[PooledAccumulator] = []

    def accumulator(self, call: LayerCall, variant: Variant) -> PooledAccumulator:
        """A new accumulator for a recorded layer."""
        grid = call.inputs.grid
        accumulator = PooledAccumulator(
            self,
            TokenBins.at_most(grid.n_query, self.max_bins),
            TokenBins.at_most(grid.n_key, self.max_bins),
            signed=variant.signed,
        )
        self.accumulators.append(accumulator)
        return accumulator


def reduce_cells(
    reduce: np.ufunc, array: FloatArray | BoolArray, row_starts: IntArray, key_starts: IntArray
) -> FloatArray:
    """Reduce each cell of a block to one value.

    Shapes: [head, query, key], [query bin], [key bin] -> [head, query bin, key bin]
    """
    ends = (*row_starts[1:], array.shape[1])
    rows = [reduce.reduce(array[:, i:j], axis=1) for i, j in zip(row_starts, ends, strict=True)]
    return reduce.reduceat(np.stack(rows, axis=1), key_starts, axis=2)


# Recorded heads, query bins, key bins; maxima, minima, sums and visibility of their cells.
BlockSummary = tuple[list[int], IntArray, IntArray, FloatArray, FloatArray, FloatArray, BoolArray]


class PooledAccumulator:
    """Maximum, minimum, sum and visibility of each cell of a layer.

    Shapes: each [head, query bin, key bin]
    """

    def __init__(
        self, collector: PooledCollector, queries: TokenBins, keys: TokenBins, *, signed: bool
    ) -> None:
        self.collector, self.queries, self.keys, self.signed = collector, queries, keys, signed
        shape = len(collector.recorded_heads), len(queries), len(keys)
        self.high, self.low, self.total = np.zeros(shape), np.zeros(shape), np.zeros(shape)
        self.visible = np.zeros(shape, dtype=bool)

    def memory(self, indices: BlockIndex) -> None:
        """Weights are not kept."""
        del indices

    def map(self, block: Block) -> BlockSummary | None:
        """Maximum, minimum, sum and visibility of the cells of a block; None if it has none."""
        wanted = list(self.collector.wanted_heads_in(block))
        if not wanted or not block.weights.size:
            return None
        weights = block.weights
        if len(wanted) < len(weights):
            weights = weights[[head for head, _ in wanted]]
        rows, row_starts = self.queries.of(block.indices.queries)
        keys, key_starts = self.keys.of(block.indices.keys)
        starts = row_starts, key_starts
        high = reduce_cells(np.maximum, weights, *starts)
        low = reduce_cells(np.minimum, weights, *starts) if self.signed else high
        total = reduce_cells(np.add, weights, *starts)
        visible = np.ones(high.shape, dtype=bool)
        if not block.visible.all():
            pairs = np.broadcast_to(block.visible, (len(block.visible), *weights.shape[1:]))
            heads = [head for head, _ in wanted] if len(pairs) > 1 else [0]
            cells = reduce_cells(np.logical_or, pairs[heads], *starts)
            visible = np.broadcast_to(cells, high.shape)
        return [i for _, i in wanted], rows, keys, high, low, total, visible

    def reduce(self, summary: BlockSummary | None) -> None:
        """Merge a block's cells into the layer's; a cell may extend over several blocks."""
        if summary is None:
            return
        heads, rows, keys, high, low, total, visible = summary
        cells = np.ix_(np.array(heads), rows, keys)
        self.high[cells] = np.maximum(self.high[cells], high)
        self.low[cells] = np.minimum(self.low[cells], low)
        self.total[cells] += total
        self.visible[cells] |= visible

    def mean_mass(self) -> FloatArray:
        """Weight on a bin of keys, averaged over a bin of queries; row sums stay what they are.

        Shapes: -> [head, query bin, key bin]
        """
        return self.total / self.queries.sizes[:, None]

    def mean_weight(self) -> FloatArray:
        """Mean of a cell's weights, masked ones as 0.    -> [head, query bin, key bin]"""
        return self.mean_mass() / self.keys.sizes

    def extreme_weight(self) -> FloatArray:
        """The weight of each cell with the largest magnitude.    -> [head, query bin, key bin]"""
        return np.where(-self.low > self.high, self.low, self.high)


# The value of a cell, and its description: "a cell of … shows …".
POOLINGS: Mapping[str, tuple[Callable[[PooledAccumulator], FloatArray], str]] = {
    "share": (
        PooledAccumulator.mean_mass,
        "the total weight on its keys, averaged over its queries",
    ),
    "mean": (PooledAccumulator.mean_weight, "the mean of its weights"),
    "strongest": (PooledAccumulator.extreme_weight, "its strongest weight"),
}
