"""Cell pooling: max |weight| over blocks of queries × keys, for maps larger than the output."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record
from attnviz.render.segment_borders import find_borders


class Pool(Record):
    """Block size: how many queries and how many keys share one cell."""

    queries: int = 1
    keys: int = 1

    @classmethod
    def to_size(cls, n_query: int, n_key: int, rows: int, columns: int) -> Pool:
        """The pool that fits a map into this number of rows and columns."""
        return cls(max(1, -(-n_query // max(1, rows))), max(1, -(-n_key // max(1, columns))))

    @property
    def uniform(self) -> Pool:
        """The pool with square blocks, which keep a diagonal a diagonal."""
        size = max(self.queries, self.keys)
        return Pool(size, size)

    def n_column(self, n_key: int) -> int:
        """The number of columns after pooling this number of keys."""
        return -(-n_key // self.keys)

    def borders(self, amap: AttentionMap) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Segment borders as (columns, rows), each rounded to the nearest cell border."""
        return (
            tuple(round(at / self.keys) for at in find_borders(amap.keys)),
            tuple(round(at / self.queries) for at in find_borders(amap.queries)),
        )

    def note(self, *, is_mask: bool) -> str:
        """What a cell of a map, or of a mask, shows; empty without pooling."""
        parts = ((self.queries, "queries"), (self.keys, "keys"))
        block = " × ".join(f"{n} {what}" for n, what in parts if n > 1)
        if not block:
            return ""
        return f"each cell = {'any allowed pair' if is_mask else 'max |weight|'} over {block}"

    def __call__(self, weights: FloatArray, masked: BoolArray) -> tuple[FloatArray, BoolArray]:
        """The weight of largest magnitude per cell, with its sign; masked where all of it is.

        Shapes: [query, key], [query, key] -> [row, column], [row, column]
        """
        for axis, size in ((0, self.queries), (1, self.keys)):
            if size > 1:
                starts = np.arange(0, weights.shape[axis], size)
                most = np.maximum.reduceat(weights, starts, axis)
                least = np.minimum.reduceat(weights, starts, axis)
                weights = np.where(-least > most, least, most)
                masked = np.logical_and.reduceat(masked, starts, axis)
        return weights, masked
