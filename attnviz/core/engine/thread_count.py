"""The number of threads that can run at once."""

from __future__ import annotations

import os
from functools import cache
from pathlib import Path

CPU_QUOTA = Path("/sys/fs/cgroup/cpu.max")  # of the container, on Linux
UNLIMITED = 1 << 20  # processors


def count_threads() -> int:
    """The number of threads that can run at once: OMP_NUM_THREADS, else what the system allows."""
    variable = os.environ.get("OMP_NUM_THREADS", "")
    if variable.isdecimal() and int(variable):
        return int(variable)
    try:
        n_processor = len(os.sched_getaffinity(0))
    except AttributeError:  # not on this system
        n_processor = os.cpu_count() or 1
    return min(n_processor, read_quota())


@cache
def read_quota(path: Path = CPU_QUOTA) -> int:
    """The number of processors that a container may use, rounded up; without a limit, very many.

    A container with two of 64 processors sees all 64. Threads beyond the limit take turns, and
    the whole group is paused at the end of each period.
    """
    try:
        limit, period = path.read_text("ascii").split()
        return max(1, -(-int(limit) // int(period)))
    except (OSError, ValueError, ZeroDivisionError):  # another system, or "max"
        return UNLIMITED
