"""One pass over the sentences of a file, in several processes if requested, into statistics."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from typing import TYPE_CHECKING, Any

from attnviz.cli.batch.batch import check_jobs
from attnviz.cli.batch.groups import group_items, group_size
from attnviz.cli.batch.outcome import Item, Job
from attnviz.cli.batch.process_pool import run_in_order
from attnviz.cli.environment import Environment
from attnviz.cli.input.lines import name_line
from attnviz.cli.input.sentence import Sentence
from attnviz.cli.output.progress import progress
from attnviz.cli.output.target import Target
from attnviz.errors import AttnvizError, MisuseError

if TYPE_CHECKING:
    from attnviz.cli.batch.effect_record import EffectRecord


def run_corpus(
    env: Environment,
    job: Job,
    add: Callable[[Any], object],
    sentences: Iterator[Sentence],
    targets: list[Target],
    options: Mapping[str, Any],
    record: EffectRecord | None = None,
) -> tuple[Any, bool]:
    """Apply a job to each sentence, and `add` each result, in order.

    The job returns a list of one result. Invalid lines, and results that `add` refuses with
    MisuseError, are reported on standard error and left out. A record keeps every outcome; those
    of an earlier run, which it has, are added first.

    Returns the first result that was added, and whether a line was invalid. Raises the error of
    the first line if every line is invalid.
    """
    n_jobs = check_jobs(options["jobs"])
    first, first_error, has_failures = None, None, False
    known_notes: set[str] = set()
    for result in () if record is None else record.read_earlier():
        if result is None:
            has_failures = True
        else:
            add(result)
            first = first or result
    items = (
        Item(n, sentence, [True])
        for n, sentence in enumerate(sentences, start=1)
        if record is None or not record.has(n, sentence.text)
    )
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
                if record is not None:
                    record.write(item.number, outcome.data[0])
                continue
            first_error, has_failures = first_error or error, True
            env.warn(f"error: {name_line(item.sentence.line, error)}")
            if record is not None:
                record.write_error(item.sentence.line, error)
            if options["fail_fast"]:
                break
        else:
            if record is not None:
                record.require_whole_input()
    if first is None:
        raise first_error or MisuseError("the input has no sentence")
    return first, has_failures


def add_result(add: Callable[[Any], object], result: Any) -> AttnvizError | None:
    """Add one result; returns the error where it does not fit the others."""
    try:
        add(result)
    except MisuseError as error:
        return error
    return None
