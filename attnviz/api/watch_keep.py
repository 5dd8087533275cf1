"""What `watch` keeps of the weights of a call: the map, a pooled map, links or measures."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.engine.attention import Block
from attnviz.core.engine.pooled_collector import PooledAccumulator, PooledCollector, TokenBins
from attnviz.core.grid import BlockIndex
from attnviz.measures.entropy import shannon_entropy
from attnviz.measures.links import StrongLink, largest_links

ItemShape = tuple[int, int, int, int]  # [item, head, row, key]
N_LINK = 16  # per head
BYTES_PER_LINK = 100


class KeptMap:
    """All weights.

    Shapes: weights [item, head, row, key], visible broadcasts to the same, None: none is masked
    """

    def __init__(self, shape: ItemShape) -> None:
        self.shape = shape
        self.weights: FloatArray = np.zeros((0, 0, 0, 0), np.float32)
        self.visible: BoolArray | None = None

    def add(self, rows: Any) -> None:
        """Add a block of rows."""
        n_item, n_head, n_row, n_key = self.shape
        if rows.weights.shape == self.shape:
            self.weights, self.visible = rows.weights, rows.visible
            return
        if not self.weights.size:
            self.weights = np.zeros(self.shape, np.float32)
        last = rows.first + rows.weights.shape[2]
        self.weights[:, :, rows.first : last] = rows.weights
        if rows.visible is not None:
            pairs = rows.visible
            if self.visible is None:
                axes = (min(n_item, pairs.shape[0]), min(n_head, pairs.shape[1]))
                self.visible = np.ones((*axes, n_row, n_key), dtype=bool)
            self.visible[:, :, rows.first : last] = pairs

    @property
    def n_byte(self) -> int:
        """Bytes of its arrays."""
        return self.weights.nbytes + (0 if self.visible is None else self.visible.nbytes)


class KeptPooledMap:
    """Pooled weights, at most `max_bins` bins of queries and of keys."""

    def __init__(self, shape: ItemShape, max_bins: int) -> None:
        n_item, n_head, n_row, n_key = shape
        self.shape = shape
        self.collector = PooledCollector(max_bins=max_bins)
        self.collector.recorded_heads = tuple(range(n_head))
        self.queries = TokenBins.at_most(n_row, max_bins)
        self.keys = TokenBins.at_most(n_key, max_bins)
        self.items = [
            PooledAccumulator(self.collector, self.queries, self.keys, signed=True)
            for _ in range(n_item)
        ]

    def add(self, rows: Any) -> None:
        """Add a block of rows."""
        last = rows.first + rows.weights.shape[2]
        indices = BlockIndex(queries=slice(rows.first, last))
        for item, accumulator in enumerate(self.items):
            visible = select_item(rows.visible, item)
            block = Block(indices, rows.weights[item], visible)
            accumulator.reduce(accumulator.map(block))

    @property
    def n_byte(self) -> int:
        """Bytes of its arrays."""
        return sum(3 * item.high.nbytes + item.visible.nbytes for item in self.items)


class KeptLinks:
    """The largest weights of each head, by item and head."""

    def __init__(self, shape: ItemShape) -> None:
        self.shape = shape
        self.links: list[list[list[StrongLink]]] = [
            [[] for _ in range(shape[1])] for _ in range(shape[0])
        ]

    def add(self, rows: Any) -> None:
        """Add a block of rows."""
        for item, head in np.ndindex(*self.shape[:2]):
            weights = rows.weights[item, head]
            links = largest_links(weights, np.ones(weights.shape, dtype=bool), N_LINK)
            moved = [link._replace(query=link.query + rows.first) for link in links]
            merged = sorted([*self.links[item][head], *moved], key=lambda x: -abs(x.weight))
            self.links[item][head] = merged[:N_LINK]

    @property
    def n_byte(self) -> int:
        """Bytes of its links."""
        return BYTES_PER_LINK * N_LINK * self.shape[0] * self.shape[1]


class KeptMeasures:
    """Sums over rows: entropy in bits, row sum, distance in tokens, and the largest weight.

    Shapes: each [item, head]
    """

    def __init__(self, shape: ItemShape) -> None:
        self.shape = shape
        self.entropy, self.row_sum, self.distance, self.largest = np.zeros((4, *shape[:2]))

    def add(self, rows: Any) -> None:
        """Add a block of rows."""
        weights = rows.weights.astype(np.float64)
        n_key = self.shape[3]
        distance = np.abs(np.array(rows.queries)[:, None] - np.arange(n_key))
        self.entropy += shannon_entropy(np.clip(weights, 0, None)).sum(-1)
        self.row_sum += weights.sum((-2, -1))
        self.distance += (weights * distance).sum((-2, -1))
        self.largest = np.maximum(self.largest, weights.max((-2, -1), initial=0.0))

    @property
    def n_byte(self) -> int:
        """Bytes of its sums."""
        return 4 * self.entropy.nbytes


def select_item(visible: BoolArray | None, item: int) -> BoolArray:
    """The visible pairs of one item.    [item | 1, head | 1, row, key] -> [head | 1, row, key]"""
    if visible is None:
        return np.ones((1, 1, 1), dtype=bool)
    return visible[item if len(visible) > 1 else 0]


def map_bytes(shape: ItemShape) -> int:
    """Bytes of all weights and, at most, of their visible pairs."""
    return 5 * int(np.prod(shape))


def pooled_bytes(shape: ItemShape, max_bins: int) -> int:
    """Bytes of the pooled weights."""
    n_item, n_head, n_row, n_key = shape
    return 25 * n_item * n_head * min(n_row, max_bins) * min(n_key, max_bins)


def opener(keep: str, max_bins: int) -> tuple[Callable[[ItemShape], Any], Callable[..., int]]:
    """What keeps the weights of a call, and its bytes for a shape; `keep` is one of KEEP."""
    if keep == "pooled":
        return (
            lambda shape: KeptPooledMap(shape, max_bins),
            lambda shape: pooled_bytes(shape, max_bins),
        )
    kinds = {"map": KeptMap, "links": KeptLinks, "measures": KeptMeasures}
    costs = {
        "map": map_bytes,
        "links": lambda shape: BYTES_PER_LINK * N_LINK * shape[0] * shape[1],
        "measures": lambda shape: 32 * shape[0] * shape[1],
    }
    return kinds[keep], costs[keep]


KEEP = ("map", "pooled", "links", "measures")
