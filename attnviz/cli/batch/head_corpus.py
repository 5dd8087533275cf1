"""Head statistics over the sentences of a file, in several processes if requested."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from attnviz.cli.batch.batch import check_options
from attnviz.cli.batch.corpus import run_corpus
from attnviz.cli.batch.map_job import MapJob
from attnviz.cli.environment import Environment
from attnviz.cli.input.sentence import Sentence
from attnviz.cli.output.target import Target
from attnviz.core.attention_map import AttentionMap
from attnviz.core.map_metadata import MapMetadata
from attnviz.measures.corpus import CorpusStatistics, HeadValues
from attnviz.record import Record


class MeasuredMap(Record, eq=False):
    """The measures of the heads of one sentence, and the title and metadata of its map."""

    values: HeadValues
    title: str
    meta: MapMetadata


class MeasureJob(MapJob):
    """Measures the heads of a sentence."""

    def finish(self, sentence: Sentence, amap: AttentionMap) -> list[MeasuredMap]:
        """The measures of a sentence; its map is not kept."""
        from attnviz.cli.options.parse import warn_if_modified

        warn_if_modified(amap)
        return [MeasuredMap(HeadValues.of(amap), amap.title, {**amap.meta})]


def measure_corpus(
    env: Environment,
    look_options: dict[str, Any],
    sentences: Iterator[Sentence],
    targets: list[Target],
    options: Mapping[str, Any],
) -> tuple[CorpusStatistics, MeasuredMap, bool]:
    """The statistics of all sentences, the first of them, and whether a line was invalid."""
    statistics = CorpusStatistics()
    check_options(look_options, options)
    first, has_failures = run_corpus(
        env,
        MeasureJob({**look_options, "pool": 0}),
        lambda measured: statistics.add(measured.values),
        sentences,
        targets,
        options,
    )
    return statistics, first, has_failures
