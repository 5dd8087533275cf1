"""Head statistics over the sentences of a file, in several processes if requested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import closing
from typing import Any

from attnviz.cli.batch.batch import check_jobs, check_options
from attnviz.cli.batch.process_pool import Item, run_in_order
from attnviz.cli.environment import Environment
from attnviz.cli.input.sentence import Sentence
from attnviz.cli.output.progress import progress
from attnviz.cli.output.target import Target
from attnviz.core.map_metadata import MapMetadata
from attnviz.errors import AttnvizError, MisuseError
from attnviz.measures.corpus import CorpusStatistics, HeadValues
from attnviz.record import Record


class MeasuredMap(Record, eq=False):
    """The measures of the heads of one sentence, and the title and metadata of its map."""

    values: HeadValues
    title: str
    meta: MapMetadata


class MeasureJob(Record):
    """Measures the heads of a sentence."""

    look_options: dict[str, Any]

    def __call__(self, sentence: Sentence) -> list[MeasuredMap]:
        """The measures of a sentence; its map is not kept."""
        from attnviz.api.look import look
        from attnviz.cli.options.parse import warn_if_modified

        texts, options = sentence.arguments(self.look_options)
        amap = look(*texts, pool=0, **options)
        warn_if_modified(amap)
        return [MeasuredMap(HeadValues.of(amap), amap.title, {**amap.meta})]


def measure_corpus(
    env: Environment,
    look_options: dict[str, Any],
    sentences: Iterator[Sentence],
    targets: list[Target],
    options: Mapping[str, Any],
) -> tuple[CorpusStatistics, MeasuredMap, bool]:
    """The statistics of all sentences, the first of them, and whether a line was invalid.

    Invalid lines are reported on standard error and left out. Raises the error of the first
    line if every line is invalid, and what is wrong with the options before anything runs.
    """
    n_jobs = check_jobs(options["jobs"])
    check_options(look_options, options)
    statistics, first, first_error = CorpusStatistics(), None, None
    known_notes: set[str] = set()
    items = (Item(n, sentence, [True]) for n, sentence in enumerate(sentences, start=1))
    with (
        closing(run_in_order(MeasureJob(look_options), items, n_jobs)) as results,
        progress(env, targets, options["input"]) as tick,
    ):
        for item, outcome in results:
            for note in sorted({*outcome.notes} - known_notes):
                env.warn(f"note: {note}")
                known_notes.add(note)
            error = outcome.error or add_map(statistics, outcome.data[0])
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
    return statistics, first, first_error is not None


def add_map(statistics: CorpusStatistics, measured: MeasuredMap) -> AttnvizError | None:
    """Add one map; returns the error where it does not fit the others."""
    try:
        statistics.add(measured.values)
    except MisuseError as error:
        return error
    return None
