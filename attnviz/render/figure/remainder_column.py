"""Remainder column: ∅ or Σ after the keys, for rows that do not sum to 1."""

from __future__ import annotations

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record
from attnviz.render.row_remainder import UNSPENT, Remainder

GAP = 0.4  # cells between the keys and the column


class RemainderColumn(Record):
    """The remainder of each row, and the position of its column in cells."""

    remainder: Remainder
    left: float
    width: float

    @classmethod
    def of(cls, amap: AttentionMap) -> RemainderColumn | None:
        """The column of a map; None where all rows sum to 1."""
        remainder, n_key = Remainder.of(amap), len(amap.keys)
        if remainder is None:
            return None
        least = 1.0 if remainder.mark == UNSPENT else 1.25
        return cls(remainder, n_key - 0.5 + GAP, max(least, n_key / 20))

    @property
    def mark(self) -> str:
        """∅ or Σ."""
        return self.remainder.mark

    @property
    def values(self) -> FloatArray:
        """One value per row.    -> [layer, head, query]"""
        return self.remainder.values

    @property
    def middle(self) -> float:
        """The horizontal center of the column."""
        return self.left + self.width / 2

    @property
    def right(self) -> float:
        """The right end of the column."""
        return self.left + self.width

    @property
    def limits(self) -> tuple[float, float]:
        """The range of the values and zero."""
        return min(0.0, float(self.values.min())), max(0.0, float(self.values.max()))

    @property
    def note(self) -> str:
        """The meaning of the mark, and the range, which is not that of the color scale."""
        limits = (float(self.values.min()), float(self.values.max()))
        low, high = (f"{round(limit, 6) + 0.0:.3g}" for limit in limits)  # no −2e−08, no −0
        interval = low if low == high else f"{low} to {high}"
        return f"{self.remainder.meaning}, {interval}".replace("-", "−")
