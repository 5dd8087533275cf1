"""One piece of work after the other, or several at once; the results come in order."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections import deque
from collections.abc import Generator, Iterator
from typing import NamedTuple

from attnviz.cli.batch.job import Work
from attnviz.cli.input.sentence import Sentence
from attnviz.errors import AttnvizError, AttnvizWarning, CouldNotError

AHEAD = 4  # sentences a process that may wait for their turn


class Item(NamedTuple):
    """A sentence, its number, counted from 1, and which of the places lack it."""

    number: int
    sentence: Sentence
    lacking: list[bool]


class Outcome(NamedTuple):
    """What came of a sentence: data for each target, or what was wrong with it."""

    data: list[bytes]
    error: AttnvizError | None = None
    notes: tuple[str, ...] = ()


def in_order(
    work: Work, given: Iterator[Item], jobs: int
) -> Generator[tuple[Item, Outcome], None, None]:
    """Every sentence with what came of it; of those to come, only a few are read ahead."""
    if jobs == 1:
        for item in given:
            yield item, outcome(work, item.sentence)
        return
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(jobs, get_context("spawn"), initializer=begin, initargs=(work,))
    waiting: deque[tuple[Item, Future[Outcome]]] = deque()
    try:
        for item in given:
            waiting.append((item, pool.submit(at_work, item.sentence)))
            if len(waiting) > AHEAD * jobs:
                first, coming = waiting.popleft()
                yield first, coming.result()
        for item, coming in waiting:
            yield item, coming.result()
    except BrokenProcessPool:
        raise CouldNotError(
            "a process ended before its work was done (out of memory?); try fewer --jobs"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def outcome(work: Work, sentence: Sentence) -> Outcome:
    """What comes of one sentence; what is wrong with it is no end for the others."""
    if sentence.error is not None:
        return Outcome([], sentence.error)
    notes: list[str] = []
    with warnings.catch_warnings():
        warnings.simplefilter("always", AttnvizWarning)
        warnings.showwarning = lambda message, *_, **__: notes.append(str(message))
        try:
            return Outcome(work(sentence), None, tuple(notes))
        except AttnvizError as error:
            return Outcome([], error, tuple(notes))
        except MemoryError:
            return Outcome([], CouldNotError("not enough memory for this sentence"))


class Worker:
    """What a process of the pool was told to do."""

    work: Work


def begin(work: Work) -> None:
    """Get ready in a new process: it leaves Ctrl-C to the first one, and ends with it."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    Worker.work = work
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # processes share the machine already
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(
            target=lambda: wait([parent.sentinel]) and os._exit(1), daemon=True
        ).start()


def at_work(sentence: Sentence) -> Outcome:
    """One sentence, in a process of the pool."""
    return outcome(Worker.work, sentence)
