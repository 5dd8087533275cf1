"""Take two things in turn, time both, and compare their medians."""

import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from statistics import median

TURN, MAX_CALLS = 0.05, 30  # seconds and calls of a turn


@dataclass(frozen=True)
class Job:
    """What is measured, against what, and the ratio that it should not exceed.

    What is called may return what it took (seconds or bytes); otherwise it is timed.
    """

    name: str
    against: str
    run: Callable[[], float | None]
    reference: Callable[[], float | None]
    most: float
    times: int = 11
    unit: str = "s"
    warm: bool = True  # what is read for the first time is read before
    rival: bool = False  # the reference needs .venv-bench


def ratio(job):
    """Medians, and the ratio with its spread: the middle half of the single pairs."""
    sides = job.run, job.reference
    n_call = max(map(calls_per_turn, sides)) if job.warm else 1
    pairs = [[turn(side, n_call) for side in sides] for _ in range(job.times)]
    ratios = sorted(ours / theirs for ours, theirs in pairs)
    ours, theirs = (median(side) for side in zip(*pairs, strict=True))
    quarter = len(ratios) // 4
    return {
        "job": job.name,
        "against": job.against,
        "ratio": ours / theirs,
        "low": ratios[quarter],
        "high": ratios[-1 - quarter],
        "ours": ours,
        "theirs": theirs,
        "unit": job.unit,
        "most": job.most,
    }


def calls_per_turn(action):
    """The calls of an action that fill a turn."""
    taken(action)
    return max(1, min(MAX_CALLS, int(TURN / max(taken(action), 1e-9))))


def turn(action, n_call):
    """The median of the second half of some calls.

    During the first, threads of the program before it may still wait actively for more work:
    those of torch and of OpenBLAS do for milliseconds.
    """
    return median([taken(action) for _ in range(n_call)][n_call // 2 :])


def taken(action):
    """What an action says it took, else seconds on the clock."""
    start = time.perf_counter()
    said = action()
    return said if isinstance(said, float) else time.perf_counter() - start


def process(*words, python=sys.executable):
    """A cold process, from start to end."""

    def run():
        subprocess.run([python, *words], check=True, capture_output=True)

    return run


def program(*words):
    """`attnviz`, as it is installed here, or as its script would start it."""
    script = Path(sys.executable).with_name("attnviz")
    if script.exists():
        return process(*words, python=str(script))
    return process("-c", "from attnviz.__main__ import main; main()", *words)


def peak(name):
    """Bytes that a task of tests/bench/tasks.py needs at most, above what it begins with."""

    return lambda: printed(sys.executable, "-m", "tests.bench.tasks", name)


def printed(*words):
    """The number that a program prints last."""
    done = subprocess.run(words, check=True, capture_output=True, text=True)
    return float(done.stdout.split()[-1])
