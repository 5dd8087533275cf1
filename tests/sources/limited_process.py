"""Code that may exhaust memory or time, run in a process with limits."""

from __future__ import annotations

import os
import resource
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def run_limited(code: str, *arguments: str, memory: int = 2 << 30, seconds: int = 20):
    """The finished process of `python -c code arguments`, under limits of memory and time."""

    def set_limits() -> None:
        resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
        resource.setrlimit(resource.RLIMIT_CPU, (seconds, seconds))
        resource.setrlimit(resource.RLIMIT_CORE, (0, 0))

    # One thread each: stacks and buffers of many threads count as memory.
    # The allocator of Arrow reserves 1 GB of addresses.
    threads = {
        "OPENBLAS_NUM_THREADS": "1",
        "ARROW_DEFAULT_MEMORY_POOL": "system",
        "TOKENIZERS_PARALLELISM": "false",
    }
    return subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=ROOT,
        env={**os.environ, **threads, "PYTHONPATH": str(ROOT)},
        preexec_fn=set_limits,
        capture_output=True,
        text=True,
        timeout=10 * seconds,
        check=False,
    )
