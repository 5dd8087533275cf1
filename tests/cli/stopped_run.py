"""Runs of the command line that are stopped at a counted moment, in a forked process.

A moment is a line of the modules that write results, as it is executed for the n-th time: a
signal reaches every one of them by its number, at any speed of the machine.
"""

from __future__ import annotations

import os
import signal
import sys
import warnings
from collections.abc import Callable
from pathlib import Path
from types import FrameType
from typing import Any

from attnviz import __main__ as program
from attnviz.api import atomic_file, file_lock
from attnviz.cli.batch import batch, corpus, effect_record
from attnviz.cli.output import earlier_run, existing_file, map_writers
from tests.cli.runner import run

MODULES = (
    atomic_file, batch, corpus, earlier_run, effect_record, existing_file, file_lock, map_writers,
)  # fmt: skip
SECONDS = 120  # of one run
FILES = frozenset(module.__file__ for module in MODULES)


class Moments:
    """Counts the executed lines of FILES; at number `at`, it acts once."""

    def __init__(self, at: int = 0, act: Callable[[], None] = lambda: None) -> None:
        self.count, self.at, self.act = 0, at, act

    def trace(self, frame: FrameType, event: str, argument: Any) -> Any:
        """A trace function (see sys.settrace) of the frames of FILES."""
        del argument
        if event == "call":
            return self.trace if frame.f_code.co_filename in FILES else None
        self.count += event == "line"
        if event == "line" and self.count == self.at:
            sys.settrace(None)
            self.act()
        return self.trace


def count_moments(words: tuple[str, ...]) -> int:
    """The number of moments of an undisturbed run, which happens here and must succeed."""
    moments, before = Moments(), sys.gettrace()
    sys.settrace(moments.trace)
    try:
        result = run(*words)
    finally:
        sys.settrace(before)
    assert (result.status, result.err) == (0, "")
    return moments.count


def run_stopped(words: tuple[str, ...], folder: Path, sent: int, moment: int) -> tuple[int, str]:
    """Run in `folder` and send the process a signal at a moment; its status and messages.

    The status is that of a shell: 128 + the signal that ended the process.
    """
    reader, writer = os.pipe()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)  # fork beside idle threads
        child = os.fork()
    if child == 0:
        status, errors = 99, "the run did not end"
        try:
            signal.alarm(SECONDS)  # a child that hangs is ended, and the test fails
            os.chdir(folder)
            signal.signal(signal.SIGINT, program.interrupt)
            moments = Moments(moment, lambda: os.kill(os.getpid(), sent))
            sys.settrace(moments.trace)
            try:
                result = run(*words)
                status, errors = result.status, result.err
            except KeyboardInterrupt:  # as in attnviz.__main__
                status, errors = program.INTERRUPTED, ""
        except BaseException as error:  # what a test has to see
            errors = repr(error)
        finally:
            os.write(writer, errors.encode()[:60_000])
            os._exit(status)
    os.close(writer)
    with os.fdopen(reader, "rb") as stream:
        errors = stream.read().decode()
    _, ended = os.waitpid(child, 0)
    status = os.waitstatus_to_exitcode(ended)
    return (128 - status if status < 0 else status), errors
