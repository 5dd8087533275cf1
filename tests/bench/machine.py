"""The machine during a benchmark: processors that others use, and what it can do at best."""

import subprocess
import sys
import time
from statistics import median

import numpy as np
import psutil
from threadpoolctl import threadpool_limits

SAMPLE = 0.3  # seconds in which this program is idle
QUIET = 0.15  # processors that others may use on a quiet machine


def others():
    """The number of processors that other programs use."""
    return psutil.cpu_percent(SAMPLE) / 100 * psutil.cpu_count()


def state(before, after):
    """Whether the machine was quiet, with the processors that others used.

    >>> state(0.02, 0.1), state(0.02, 1.5)
    ('quiet', 'busy 0.0–1.5')
    """
    return "quiet" if max(before, after) <= QUIET else f"busy {before:.1f}–{after:.1f}"


def seconds(action, times):
    """The median time of an action."""
    spans = []
    for _ in range(times):
        start = time.perf_counter()
        action()
        spans.append(time.perf_counter() - start)
    return median(spans)


def product_rate(n_thread, shape=(512, 384, 1536)):
    """Operations per second of float32 matrix products [n, d] @ [d, m] of a layer's size."""
    n, d, m = shape
    x, w = np.ones((n, d), np.float32), np.ones((m, d), np.float32)
    with threadpool_limits(n_thread, "blas"):
        return 2 * n * d * m / seconds(lambda: x @ w.T, 41)


def floor():
    """What the machine can do at best, as lines to print."""
    n_cpu, numbers = psutil.cpu_count(), np.ones(1 << 24, np.float32)
    same = np.empty_like(numbers)
    rates = ", ".join(f"{product_rate(n) / 1e9:.0f} with {n}" for n in sorted({1, n_cpu}))
    copy = 2 * numbers.nbytes / seconds(lambda: np.copyto(same, numbers), 9)
    fresh = numbers.nbytes / seconds(numbers.copy, 9)
    yield f"GFLOP/s in products of float32, by threads: {rates}"
    yield f"{copy / 1e9:.1f} GB/s copied, {fresh / 1e9:.1f} GB/s into new memory"
    for code in ("pass", "import numpy"):
        words = [sys.executable, "-c", code]
        cold = seconds(lambda words=words: subprocess.run(words, check=True), 7)
        yield f"{cold * 1e3:.0f} ms for python -c {code!r}"
