"""The column after the keys, without which rows would look as if they summed to one."""

from __future__ import annotations

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record
from attnviz.render.row_remainder import KEPT, Remainder

APART = 0.4  # cells between the keys and the column


class Column(Record):
    """What rows keep or sum to, and where it stands, in cells."""

    remainder: Remainder
    left: float
    width: float

    @classmethod
    def of(cls, amap: AttentionMap) -> Column | None:
        """The column that a map needs; none where rows sum to one."""
        remainder, n_key = Remainder.of(amap), len(amap.keys)
        if remainder is None:
            return None
        least = 1.0 if remainder.mark == KEPT else 1.25
        return cls(remainder, n_key - 0.5 + APART, max(least, n_key / 20))

    @property
    def mark(self) -> str:
        """∅ or Σ."""
        return self.remainder.mark

    @property
    def values(self) -> FloatArray:
        """A number a row.    -> [layer, head, query]"""
        return self.remainder.values

    @property
    def middle(self) -> float:
        """Where its mark and its numbers stand."""
        return self.left + self.width / 2

    @property
    def right(self) -> float:
        """Where it ends."""
        return self.left + self.width

    @property
    def ends(self) -> tuple[float, float]:
        """The least and the most of its values, and zero."""
        return min(0.0, float(self.values.min())), max(0.0, float(self.values.max()))

    @property
    def note(self) -> str:
        """What has to be said about it; Σ leaves the scale of the weights, so it says its own."""
        if self.mark == KEPT:
            return self.remainder.meaning
        limits = (float(self.values.min()), float(self.values.max()))
        low, high = (f"{round(limit, 6) + 0.0:.3g}" for limit in limits)  # no −2e−08, no −0
        said = low if low == high else f"{low} to {high}"
        return f"{self.remainder.meaning}, {said}".replace("-", "−")
