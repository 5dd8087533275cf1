"""Where the program begins: what must be fast is answered before anything is imported."""

from __future__ import annotations

import gc
import os
import sys

# Large work is shared out by attnviz itself (threads.py); NumPy starts faster without a crowd.
BLAS = ("OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")


def main() -> None:
    """Run the command line and leave with its status."""
    words = sys.argv[1:]
    if words in (["--version"], ["-V"]):
        raise SystemExit(say_version())
    gc.set_threshold(100_000, 20, 20)  # little of what a start makes is rubbish
    for library in BLAS:
        os.environ.setdefault(library, "1")
    from attnviz.cli.main import run

    status = run(words)
    gc.freeze()  # the process goes: nobody needs to look for rubbish on the way out
    raise SystemExit(status)


def say_version() -> int:
    """The version on standard output, past Python's own buffers; the exit status."""
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
