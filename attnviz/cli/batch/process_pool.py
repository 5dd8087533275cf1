"""Run a job on many sentences, in this process or in several; results come in order."""

from __future__ import annotations

import os
import signal
import threading
from collections import deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from typing import Any

from attnviz.cli.batch.map_job import MapJob, run_together
from attnviz.cli.batch.outcome import Item, Job, Outcome, run_job
from attnviz.cli.input.sentence import Sentence
from attnviz.errors import CouldNotError

READ_AHEAD_PER_JOB = 4  # sentences per process that are read before their turn, or two groups


def run_in_order(
    job: Job, groups: Iterator[Sequence[Item]], n_jobs: int
) -> Generator[tuple[Item, Outcome], None, None]:
    """Every item with its outcome; only a few groups are read ahead.

    Which sentences are in a group may change the last bits of their results.
    """
    if n_jobs == 1:
        for group in groups:
            yield from zip(group, run_sentences(job, sentences_of(group)), strict=True)
        return
    from concurrent.futures import Future, ProcessPoolExecutor
    from concurrent.futures.process import BrokenProcessPool
    from multiprocessing import get_context

    pool = ProcessPoolExecutor(
        n_jobs, get_context("spawn"), initializer=init_worker, initargs=(job,)
    )
    waiting: deque[tuple[Sequence[Item], Future[list[Outcome]]]] = deque()
    try:
        for group in groups:
            waiting.append((group, pool.submit(run_in_worker, sentences_of(group))))
            if len(waiting) > n_jobs * max(2, READ_AHEAD_PER_JOB // len(group)):
                first, future = waiting.popleft()
                yield from zip(first, future.result(), strict=True)
        for group, future in waiting:
            yield from zip(group, future.result(), strict=True)
    except BrokenProcessPool:
        raise CouldNotError(
            "a worker process was killed (out of memory?); try fewer --jobs"
        ) from None
    finally:
        pool.shutdown(cancel_futures=True)


def sentences_of(group: Sequence[Item]) -> list[Sentence]:
    """The sentences of a group."""
    return [item.sentence for item in group]


def run_sentences(job: Job, sentences: Sequence[Sentence]) -> Iterable[Outcome]:
    """The outcomes of a group of sentences."""
    if len(sentences) > 1 and isinstance(job, MapJob):
        return run_together(job, sentences)
    return (run_job(job, sentence) for sentence in sentences)


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


def run_in_worker(sentences: Sequence[Sentence]) -> list[Outcome]:
    """A group of sentences, in a worker process."""
    return [
        outcome._replace(data=[join_chunks(data) for data in outcome.data])
        for outcome in run_sentences(Worker.job, sentences)
    ]


def join_chunks(data: Any) -> Any:
    """Chunks of bytes as one, which can be sent to another process; other values unchanged."""
    is_chunks = isinstance(data, Iterable) and not isinstance(data, bytes)
    return b"".join(data) if is_chunks else data
