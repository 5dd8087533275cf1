"""Row remainder: the column ∅ or Σ beside the keys of rows that do not sum to 1."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import compared_heads
from attnviz.record import Record

UNSPENT, ROW_SUM = "∅", "Σ"
ROW_SUM_NOTE = f"{ROW_SUM} = row sum"
NOISE = 1e-6  # rounding error of a sum of 32-bit numbers


class Remainder(Record, eq=False):
    """A column beside the keys: 1 − row sum, or the row sum.    values [layer, head, query]"""

    mark: str
    meaning: str
    values: FloatArray

    @classmethod
    def of(cls, amap: AttentionMap) -> Remainder | None:
        """∅ for rows that sum to at most 1, Σ for any other sum; None where all rows sum to 1.

        In a comparison, those are the rows of the maps, not of their differences. A mask has no
        weights, and so no row sums.
        Signed weights of such rows sum to at most 1 in magnitude, so that ∅ is 1 − Σ|w|.
        """
        if amap.is_mask:
            return None
        sums = amap.row_sums
        if amap.row_sum == "at most 1":
            signed = amap.signed
            rest = 1.0 - (np.abs(amap.weights).sum(-1, dtype=np.float64) if signed else sums)
            rest[np.abs(rest) < NOISE] = 0.0
            if signed and not rest.any():
                return None
            return cls(UNSPENT, f"{UNSPENT} = weight on none of these keys (1 − row sum)", rest)
        empty = np.zeros(sums.shape, bool) if amap.masked is None else amap.masked.all(-1)
        compared = compared_heads(amap)
        if amap.meta.get("source") == "difference":  # of maps whose rows have equal sums
            return None if np.abs(sums).max() < 1e-3 else cls(ROW_SUM, ROW_SUM_NOTE, sums)
        sum_to_1 = (np.abs(sums - 1.0) < 1e-3) | empty
        if compared:  # the rows of differences sum to 0 where those of both maps sum to 1
            sum_to_1 = sum_to_1[:, [head.kind != "difference" for head in compared]]
        if (compared or amap.row_sum == "1") and bool(sum_to_1.all()):
            return None
        return cls(ROW_SUM, ROW_SUM_NOTE, sums)

    @classmethod
    def note(cls, amap: AttentionMap) -> str:
        """The range of the row sums, for views without such a column; empty if all are 1."""
        if cls.of(amap) is None:
            return ""
        low, high = amap.row_sums.min(), amap.row_sums.max()
        return f"rows sum to {low:.2f}" + (f" … {high:.2f}" if high - low > NOISE else "")
