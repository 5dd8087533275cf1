"""Many weights in one cell: the strongest stands for all, and it is said how many they are."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record
from attnviz.render.segment_borders import borders


class Pool(Record):
    """How many queries, and how many keys, share one cell."""

    queries: int = 1
    keys: int = 1

    @classmethod
    def into(cls, n_query: int, n_key: int, rows: int, columns: int) -> Pool:
        """What it takes to show a map in so many rows and columns."""
        return cls(max(1, -(-n_query // max(1, rows))), max(1, -(-n_key // max(1, columns))))

    @property
    def even(self) -> Pool:
        """The same number of queries as of keys, so that a diagonal stays one."""
        size = max(self.queries, self.keys)
        return Pool(size, size)

    def columns(self, n_key: int) -> int:
        """How many columns so many keys become."""
        return -(-n_key // self.keys)

    def borders(self, amap: AttentionMap) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """The columns and the rows before which another text begins, as nearly as cells tell."""
        return (
            tuple(round(at / self.keys) for at in borders(amap.keys)),
            tuple(round(at / self.queries) for at in borders(amap.queries)),
        )

    @property
    def note(self) -> str:
        """What was pooled, in words; nothing where nothing was."""
        parts = ((self.queries, "queries"), (self.keys, "keys"))
        said = " × ".join(f"{n} {what}" for n, what in parts if n > 1)
        return f"a cell shows the strongest of {said}" if said else ""

    def __call__(self, weights: FloatArray, hidden: BoolArray) -> tuple[FloatArray, BoolArray]:
        """The strongest weight of each cell; hidden where all of it is hidden.

        Shapes: [query, key], [query, key] -> [row, column], [row, column]
        """
        for axis, size in ((0, self.queries), (1, self.keys)):
            if size > 1:
                starts = np.arange(0, weights.shape[axis], size)
                most = np.maximum.reduceat(weights, starts, axis)
                least = np.minimum.reduceat(weights, starts, axis)
                weights = np.where(-least > most, least, most)
                hidden = np.logical_and.reduceat(hidden, starts, axis)
        return weights, hidden
