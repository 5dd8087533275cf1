"""Less than a map: the strongest links, some rows, or a number for each head.

None of these ever holds more of a layer than a block; what they keep grows with the queries,
not with their square.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from heapq import nlargest
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention import Block, nth
from attnviz.core.collect import Collector, Sheet
from attnviz.core.layer import LayerCall
from attnviz.core.variant import Variant
from attnviz.errors import MisuseError
from attnviz.record import Record

Measure = Callable[[FloatArray], FloatArray]  # [query, key] -> [query]


class Link(NamedTuple):
    """One weight, and where it stands."""

    layer: int
    head: int
    query: int
    key: int
    weight: float


def strength(link: Link) -> tuple[float, ...]:
    """What links are ordered by: size, then where they stand, the first of equals first."""
    return abs(link.weight), -link.layer, -link.head, -link.query, -link.key


@dataclass
class StrongestLinks(Collector):
    """Keeps the `most` weights that are furthest from 0, of all heads that are wanted."""

    most: int = 10
    links: list[Link] = field(default_factory=list)

    def open(self, call: LayerCall, variant: Variant) -> Sheet:
        """A sheet that remembers its layer."""
        return LinksOfLayer(self, call.layer)


class LinksOfLayer(Record):
    """The strongest links so far, and those of a layer."""

    collector: StrongestLinks
    layer: int

    def digest(self, block: Block) -> list[Link]:
        """The strongest links of each head of a block."""
        found: list[Link] = []
        for head, at in self.collector.mine(block):
            weights = block.weights[head]
            size = np.abs(weights).ravel()
            most = min(self.collector.most, size.size)
            least = np.partition(size, size.size - most)[size.size - most] if most else np.inf
            places = np.argwhere(np.abs(weights) >= least)  # all equals, so that the first win
            kept = self.collector.kept_heads[at]
            found += nlargest(
                most,
                (
                    Link(
                        self.layer,
                        kept,
                        nth(block.place.rows, int(i)),
                        nth(block.place.keys, int(j)),
                        float(weights[i, j]),
                    )
                    for i, j in places
                    if weights[i, j] != 0
                ),
                key=strength,
            )
        return found

    def add(self, digested: list[Link]) -> None:
        """The strongest of both."""
        both = [*self.collector.links, *digested]
        self.collector.links[:] = nlargest(self.collector.most, both, key=strength)


@dataclass
class ChosenRows(Collector):
    """Keeps the rows of some queries.    rows: by layer, [head, chosen query, key]"""

    queries: Sequence[int] = ()
    rows: list[FloatArray] = field(default_factory=list)

    def open(self, call: LayerCall, variant: Variant) -> Sheet:
        """Room for the rows of a layer."""
        _, n_query, n_key = call.inputs.grid.shape
        for query in self.queries:
            if not 0 <= query < n_query:
                raise MisuseError(f"there is no query {query}; there are 0 to {n_query - 1}")
        shape = len(self.kept_heads), len(self.queries), n_key
        self.rows.append(np.zeros(shape, dtype=np.float32))
        return RowsOfLayer(self, self.rows[-1])


class RowsOfLayer(Record):
    """Some rows of a layer."""

    collector: ChosenRows
    rows: FloatArray

    def digest(self, block: Block) -> None:
        """Keep the rows that are wanted."""
        start, n_row = nth(block.place.rows, 0), block.weights.shape[1]
        for head, at in self.collector.mine(block):
            for number, query in enumerate(self.collector.queries):
                if start <= query < start + n_row:
                    self.rows[at, number, block.place.keys] = block.weights[head, query - start]

    def add(self, digested: None) -> None:
        """Rows keep themselves."""


@dataclass
class HeadMeasures(Collector):
    """Means over all queries of numbers that a row has.    means: by name and layer, [head]"""

    measures: Mapping[str, Measure] = field(default_factory=dict)
    means: dict[str, list[FloatArray]] = field(default_factory=dict)

    def open(self, call: LayerCall, variant: Variant) -> Sheet:
        """Sums that begin at 0."""
        sums = {name: np.zeros(len(self.kept_heads)) for name in self.measures}
        for name, total in sums.items():
            self.means.setdefault(name, []).append(total)
        return SumsOfLayer(self, sums, call.inputs.grid.n_query)


class SumsOfLayer(Record):
    """Sums over the queries of a layer, each query counting as one share of all."""

    collector: HeadMeasures
    sums: Mapping[str, FloatArray]
    n_query: int

    def digest(self, block: Block) -> Iterable[tuple[str, int, float]]:
        """Each head's share of a sum."""
        return [
            (name, at, float(measure(block.weights[head]).sum(dtype=np.float64)))
            for head, at in self.collector.mine(block)
            for name, measure in self.collector.measures.items()
        ]

    def add(self, digested: Iterable[tuple[str, int, Any]]) -> None:
        """Shares of all blocks, in their order."""
        for name, at, total in digested:
            self.sums[name][at] += total / self.n_query
