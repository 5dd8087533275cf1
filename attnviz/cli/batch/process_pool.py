"""Run a job on many sentences, in this process or in several; results come in order."""

from __future__ import annotations

import os
import signal
import threading
import warnings
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any, NamedTuple, Protocol

from attnviz.cli.input.sentence import Sentence
from attnviz.errors import AttnvizError, AttnvizWarning, CouldNotError, command_line_messages

READ_AHEAD_PER_JOB = 4  # sentences per process that are read before their turn


class Job(Protocol):
    """What is done with each sentence; a plain value, which other processes can run too."""

    def __call__(self, sentence: Sentence) -> Sequence[Any]:
        """The results of a sentence, one per target."""


class Item(NamedTuple):
    """A sentence, its number, counted from 1, and for each writer whether it lacks this one."""

    number: int
    sentence: Sentence
    is_missing: list[bool]


class Outcome(NamedTuple):
    """The result of a sentence: data for each target, or an error; and notes."""

    data: Sequence[Any]
    error: AttnvizError | None = None
    notes: tuple[str, ...] = ()


def run_in_order(
    job: Job, items: Iterator[Item], n_jobs: int
) -> Generator[tuple[Item, Outcome], None, None]:
    """Every item with its outcome; only a few items are read ahead."""
    if n_jobs == 1:
        for item in items:
            yield item, run_job(job, item.sentence)
        return
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(
        n_jobs, get_context("spawn"), initializer=init_worker, initargs=(job,)
    )
    waiting: deque[tuple[Item, Future[Outcome]]] = deque()
    try:
        for item in items:
            waiting.append((item, pool.submit(run_in_worker, item.sentence)))
            if len(waiting) > READ_AHEAD_PER_JOB * n_jobs:
                first, future = waiting.popleft()
                yield first, future.result()
        for item, future in waiting:
            yield item, future.result()
    except BrokenProcessPool:
        raise CouldNotError(
            "a worker process was killed (out of memory?); try fewer --jobs"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def run_job(job: Job, sentence: Sentence) -> Outcome:
    """The outcome of one sentence; errors are returned, so that the others can go on."""
    if sentence.error is not None:
        return Outcome([], sentence.error)
    notes: list[str] = []
    with warnings.catch_warnings(), command_line_messages():
        warnings.simplefilter("always", AttnvizWarning)
        warnings.showwarning = lambda message, *_, **__: notes.append(str(message))
        try:
            return Outcome(job(sentence), None, tuple(notes))
        except AttnvizError as error:
            return Outcome([], error, tuple(notes))
        except MemoryError:
            return Outcome([], CouldNotError("not enough memory for this sentence"))


class Worker:
    """The job of a worker process."""

    job: Job


def init_worker(job: Job) -> None:
    """Prepare a worker process: it leaves Ctrl-C to its parent, and ends with its parent."""
    from multiprocessing import parent_process
    from multiprocessing.connection import wait

    Worker.job = job
    os.environ.setdefault("OMP_NUM_THREADS", "1")  # the processes already use all cores
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = parent_process()
    if parent is not None:
        threading.Thread(
            target=lambda: wait([parent.sentinel]) and os._exit(1), daemon=True
        ).start()


def run_in_worker(sentence: Sentence) -> Outcome:
    """One sentence, in a worker process."""
    outcome = run_job(Worker.job, sentence)
    return outcome._replace(data=[join_chunks(data) for data in outcome.data])


def join_chunks(data: Any) -> Any:
    """Chunks of bytes as one, which can be sent to another process; other values unchanged."""
    is_chunks = isinstance(data, Iterable) and not isinstance(data, bytes)
    return b"".join(data) if is_chunks else data
