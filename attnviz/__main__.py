"""Entry point of the program; `--version` is printed before anything heavy is imported."""

from __future__ import annotations

import gc
import os
import sys
from signal import SIG_IGN, SIGINT, signal

# attnviz runs its own threads (api/blas_threads.py), and NumPy loads faster without BLAS's.
BLAS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


INTERRUPTED = 130


def main() -> None:
    """Run the command line and exit with its status; Ctrl-C ends it without a traceback."""
    try:
        signal(SIGINT, lambda *_: os._exit(INTERRUPTED))  # nothing to clean up during start-up
        status = start(sys.argv[1:])
        signal(SIGINT, SIG_IGN)  # the results are complete
    except KeyboardInterrupt:  # between two handlers
        os._exit(INTERRUPTED)
    raise SystemExit(status)


def start(words: list[str]) -> int:
    """Import the command line and run it; returns the exit status."""
    if words in (["--version"], ["-V"]):
        return print_version()
    gc.set_threshold(100_000, 20, 20)  # hardly anything that a start allocates is garbage
    if words[:1] != ["watch"]:  # whose program has the threads that it would have without
        for library in BLAS:
            os.environ.setdefault(library, "1")
    from attnviz.cli.main import run

    signal(SIGINT, interrupt)
    status = run(words)
    gc.freeze()  # the process ends: the interpreter need not collect garbage on its way out
    return status


def interrupt(*_: object) -> None:
    """Handler of Ctrl-C: the first cleans up, a second during the clean-up ends the process."""
    signal(SIGINT, lambda *_: os._exit(INTERRUPTED))
    raise KeyboardInterrupt


def print_version() -> int:
    """Write the version to standard output, unbuffered; returns the exit status."""
    from attnviz._version import __version__

    try:
        os.write(1, f"attnviz {__version__}\n".encode())
    except BrokenPipeError:
        return 0
    except OSError as error:
        print(f"error: cannot write to standard output: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    main()
