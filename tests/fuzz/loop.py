"""How long a fuzzer runs: a fixed number of cases, or the seconds of ATTNVIZ_SOAK."""

from __future__ import annotations

import os
import time
from collections.abc import Iterator

SOAK = float(os.environ.get("ATTNVIZ_SOAK", "0"))


def case_numbers(n_short: int, share: float = 1.0) -> Iterator[int]:
    """0, 1, 2 …: n_short of them, and more until a share of the soak seconds is over."""
    number, end = 0, time.monotonic() + SOAK * share
    while number < n_short or time.monotonic() < end:
        yield number
        number += 1
