"""Measure: what one number says about a head, with its formula, source, range and unit."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record


class Measure(Record, eq=False):
    """One measure of heads: a row of MEASURES.

    Values are from `low` to `high` in `unit`; an infinite `high` depends on the text. `base` is
    the measure whose weight without the sink this one measures. Heads are sorted by it with
    high values first, unless `is_lowest_first`.
    """

    name: str
    summary: str
    formula: str
    compute: Callable[[AttentionMap], FloatArray | None]
    paper: str = ""
    low: float = 0.0
    high: float = 1.0
    unit: str = ""
    base: str = ""
    aliases: tuple[str, ...] = ()
    is_lowest_first: bool = False

    @property
    def range(self) -> str:
        """Its range and unit: "0 to 1", "0 or more, bits"."""
        numbers = f"{self.low:g} " + (f"to {self.high:g}" if self.high < np.inf else "or more")
        return f"{numbers}, {self.unit}" if self.unit else numbers

    @property
    def legend(self) -> str:
        """What it says, with formula, range and source, in one line."""
        parts = (f"{self.summary}; {self.formula}", self.range, self.paper)
        return "; ".join(filter(None, parts))
