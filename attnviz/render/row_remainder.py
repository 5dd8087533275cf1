"""What rows leave over, or sum to: weight that no column of keys can show."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record

KEPT, SUM = "∅", "Σ"
NOISE = 1e-6  # of a sum of 32-bit numbers


class Remainder(Record):
    """A column beside the keys, where rows do not sum to one.    values [layer, head, query]"""

    mark: str
    meaning: str
    values: FloatArray

    @classmethod
    def of(cls, amap: AttentionMap) -> Remainder | None:
        """What has to be said about the sums of this map's rows, if anything."""
        spent = amap.spent
        if amap.row_sum == "at most 1":
            rest = 1.0 - spent
            rest[np.abs(rest) < NOISE] = 0.0
            return cls(KEPT, f"{KEPT} not spent on these keys: 1 − the row's sum", rest)
        empty = np.zeros(spent.shape, bool) if amap.hidden is None else amap.hidden.all(-1)
        if amap.row_sum == "1" and bool((np.abs(spent - 1.0) < 1e-3)[~empty].all()):
            return None
        return cls(SUM, f"{SUM} the row's sum", spent)

    @classmethod
    def note(cls, amap: AttentionMap) -> str:
        """The same in words, for views without room for a column."""
        found = cls.of(amap)
        if found is None:
            return ""
        low, high = amap.spent.min(), amap.spent.max()
        return f"rows sum to {low:.2f}" + (f" … {high:.2f}" if high - low > NOISE else "")
