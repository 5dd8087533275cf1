"""One pass over the sentences of a file, in several processes if requested, into statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import Any

from attnviz.cli.batch.batch import check_jobs
from attnviz.cli.batch.groups import group_items, group_size
from attnviz.cli.batch.outcome import Item, Job
from attnviz.cli.batch.process_pool import run_in_order
from attnviz.cli.environment import Environment
from attnviz.cli.input.sentence import Sentence
from attnviz.cli.output.progress import progress
from attnviz.cli.output.target import Target
from attnviz.errors import AttnvizError, MisuseError


def run_corpus(
    env: Environment,
    job: Job,
    add: Callable[[Any], object],
    sentences: Iterator[Sentence],
    targets: list[Target],
    options: Mapping[str, Any],
) -> tuple[Any, bool]:
    """Apply a job to each sentence, and `add` each result, in order.

    The job returns a list of one result. Invalid lines, and results that `add` refuses with
    MisuseError, are reported on standard error and left out.

    Returns the first result that was added, and whether a line was invalid. Raises the error of
    the first line if every line is invalid.
    """
    n_jobs = check_jobs(options["jobs"])
    first, first_error = None, None
    known_notes: set[str] = set()
    items = (Item(n, sentence, [True]) for n, sentence in enumerate(sentences, start=1))
    with (
        closing(run_in_order(job, group_items(items, group_size(options)), n_jobs)) as results,
        progress(env, targets, options["input"]) as tick,
    ):
        for item, outcome in results:
            for note in sorted({*outcome.notes} - known_notes):
                env.warn(f"note: {note}")
                known_notes.add(note)
            error = outcome.error or add_result(add, outcome.data[0])
            tick(item.sentence.line)
            if error is None:
                first = first or outcome.data[0]
                continue
            first_error = first_error or error
            env.warn(f"error: line {item.sentence.line}: {error}")
            if options["fail_fast"]:
                break
    if first is None:
        raise first_error or MisuseError("the input has no sentence")
    return first, first_error is not None


def add_result(add: Callable[[Any], object], result: Any) -> AttnvizError | None:
    """Add one result; returns the error where it does not fit the others."""
    try:
        add(result)
    except MisuseError as error:
        return error
    return None
