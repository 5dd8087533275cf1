"""Run a batch: one result per sentence, in order; an invalid line does not stop the others."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, closing, contextmanager
from dataclasses import replace
from typing import Any

from attnviz.cli.batch.groups import group_items, group_size
from attnviz.cli.batch.job import Job
from attnviz.cli.batch.outcome import Item, Outcome, run_job
from attnviz.cli.batch.process_pool import run_in_order
from attnviz.cli.environment import BrokenOutputPipe, Environment, FileId
from attnviz.cli.input.lines import name_line
from attnviz.cli.input.sentence import Sentence
from attnviz.cli.input.sentences import input_format, second_name
from attnviz.cli.options.request import drop_run_options, parse_request
from attnviz.cli.output.file_per_map import SentenceError
from attnviz.cli.output.map_writers import (
    AppendWriter,
    MapWriter,
    note_unfinished,
    open_writers,
)
from attnviz.cli.output.progress import progress
from attnviz.cli.output.render import require_multiple_maps
from attnviz.cli.output.target import join_targets
from attnviz.errors import AttnvizError, CouldNotError, MisuseError

MAX_JOBS = 256


def run_batch(
    env: Environment,
    job: Job,
    sentences: Iterator[Sentence],
    options: Mapping[str, Any],
    inputs: frozenset[FileId] = frozenset(),
) -> int:
    """Write every sentence to every writer; the exit status is 1 if a line was invalid.

    What is wrong with the options, the model or the tokenizer ends the run before any target is
    touched. Targets take their new contents when the run is complete.
    """
    n_jobs = check_jobs(options["jobs"])
    if options["resume"] and options["no_metadata"]:
        raise MisuseError("--resume finds sentences by their text; --no-metadata leaves it out")
    require_multiple_maps(job.targets)
    check_options(job.look_options, options)
    job = replace(
        job,
        env=replace(job.env, command=drop_run_options(job.env.command)),
        style=replace(job.style, names_text=True),
        targets=join_targets(job.targets),
    )
    if any(target.is_json_lines and target.path is not None for target in job.targets):
        job = replace(job, request=parse_request(options))
    if options["shared_scale"]:
        job, sentences = share_scale_of_all(job, sentences, options)
    with ExitStack() as stack:
        writers = stack.enter_context(
            open_writers(
                env,
                job.targets,
                many=True,
                resume=options["resume"],
                inputs=inputs,
                request=job.request,
            )
        )
        stack.callback(note_unfinished, env, writers)
        groups = pending_groups(sentences, writers, group_size(options))
        results = stack.enter_context(closing(run_in_order(job, groups, n_jobs)))
        bar = stack.enter_context(ExitStack())
        tick = bar.enter_context(progress(env, job.targets, options["input"]))
        has_failures, has_successes, known_notes = False, False, set[str]()
        stack.enter_context(failed_pipe_status(lambda: has_failures))
        for item, outcome in results:
            if not any(item.is_missing):  # it ran for others of its group
                continue
            for note in outcome.notes:
                if note not in known_notes:
                    env.warn(f"note: {note}")
                    known_notes.add(note)
            error = outcome.error or write_outcome(writers, item, outcome)
            tick(item.sentence.line)
            if error is None:
                has_successes = True
                continue
            if not has_successes and is_option_error(job, item.sentence, error, options):
                raise error
            has_failures = True
            report_failure(env, writers, item, error)
            if options["fail_fast"]:
                break
        else:
            bar.close()  # what was written is stated on the same terminal
            for writer in writers:
                writer.commit()
        had_failures = any(
            isinstance(writer, AppendWriter) and writer.has_errors for writer in writers
        )
    return int(has_failures or had_failures)


def share_scale_of_all(
    job: Job, sentences: Iterator[Sentence], options: Mapping[str, Any]
) -> tuple[Job, Iterator[Sentence]]:
    """The job with one color scale for all sentences, and the sentences again.

    Raises MisuseError for a resumed run, whose earlier pictures have the scale of other texts.
    """
    from attnviz.cli.batch.shared_scale import with_shared_scale

    if options["resume"]:
        raise MisuseError("--shared-scale is of all texts of a run; --resume continues another")
    every = list(sentences)
    job = with_shared_scale(job, every, check_jobs(options["jobs"]), group_size(options))
    return job, iter(every)


def check_jobs(n_jobs: int) -> int:
    """The number of processes; MisuseError for less than one or too many."""
    if not 1 <= n_jobs <= MAX_JOBS:
        raise MisuseError(f"--jobs {n_jobs} must be between 1 and {MAX_JOBS}")
    return n_jobs


@contextmanager
def failed_pipe_status(has_failures: Callable[[], bool]) -> Iterator[None]:
    """Where the reader of the results leaves after an invalid line, the status is 1, not 0."""
    try:
        yield
    except BrokenOutputPipe as error:
        error.status = int(has_failures())
        raise


def check_options(look_options: dict[str, Any], options: Mapping[str, Any]) -> None:
    """Raise what every sentence would raise: an unknown model, mechanism, mask, layer or head.

    Tried with one word, and with a second sentence too where lines of the input may bring one.
    """
    from attnviz.api.look import check_look

    errors: list[AttnvizError] = []
    for second in (None, "word") if input_format(options) != "lines" else (None,):
        sentence = Sentence("word", options["context"])
        if second is not None:
            sentence = sentence.with_second(second_name(options), second)
        try:
            texts, arguments = sentence.arguments(look_options)
            check_look(*texts, **arguments)
            return
        except AttnvizError as error:
            errors.append(error)
    raise errors[0 if sentence.error else -1]


def pending_groups(
    sentences: Iterator[Sentence], writers: list[MapWriter], size: int
) -> Iterator[list[Item]]:
    """The groups with a sentence that at least one writer does not have yet.

    A group has the same sentences in a run that is resumed: its results are the same bytes.
    """
    items = (
        Item(
            number,
            sentence,
            [not writer.has(number, sentence.id, sentence.text) for writer in writers],
        )
        for number, sentence in enumerate(sentences, start=1)
    )
    for group in group_items(items, size):
        if any(any(item.is_missing) for item in group):
            yield group


def write_outcome(writers: list[MapWriter], item: Item, outcome: Outcome) -> AttnvizError | None:
    """Write the data of one sentence to each writer that lacks it; returns an error, if any."""
    try:
        for writer, is_missing, data in zip(writers, item.is_missing, outcome.data, strict=True):
            if is_missing:
                writer.write(item.number, item.sentence.id, data)
    except SentenceError as error:
        return error
    except MemoryError:
        return CouldNotError("not enough memory for this sentence")
    return None


def report_failure(
    env: Environment, writers: list[MapWriter], item: Item, error: AttnvizError
) -> None:
    """Report an invalid line: as a record in writers that hold records, else on standard error."""
    sentence = item.sentence
    fields: dict[str, Any] = {"line": sentence.line}
    if sentence.id is not None:
        fields["id"] = sentence.id
    record = json.dumps(fields | {"error": str(error)}, separators=(",", ":")).encode() + b"\n"
    lacking = [
        writer for writer, is_missing in zip(writers, item.is_missing, strict=True) if is_missing
    ]
    is_recorded = [writer.write_error(record) for writer in lacking]
    if not any(is_recorded):
        env.warn(f"error: {name_line(sentence.line, error)}")


def is_option_error(
    job: Job, sentence: Sentence, error: AttnvizError, options: Mapping[str, Any]
) -> bool:
    """Whether every sentence would fail like this one, because of the options.

    Only meant for the first sentence: after a success, the fault lies with the line.
    """
    if not isinstance(error, MisuseError) or sentence.error is not None:
        return False
    probe_sentence = replace(sentence, text="word", id=None)
    if input_format(options) != "lines" and sentence.context is None is sentence.pair:
        probe_sentence = probe_sentence.with_second(second_name(options), "word")
    probe = run_job(job, probe_sentence)
    return probe.error is not None and str(probe.error) == str(error)
