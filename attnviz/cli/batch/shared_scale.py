"""A first pass over all sentences, for the color scale that their maps share."""

from __future__ import annotations

from contextlib import closing
from dataclasses import replace

from attnviz.cli.batch.groups import group_items
from attnviz.cli.batch.job import Job
from attnviz.cli.batch.map_job import MapJob
from attnviz.cli.batch.outcome import Item
from attnviz.cli.batch.process_pool import run_in_order
from attnviz.cli.input.sentence import Sentence
from attnviz.core.attention_map import AttentionMap
from attnviz.render.shared_scale import ScaleEnds, share_scale
from attnviz.render.style import Style


class ScaleJob(MapJob):
    """Finds the color scale of each map, which is not kept."""

    style: Style

    def finish(self, sentence: Sentence, amap: AttentionMap) -> list[ScaleEnds]:
        """What the scale of this map alone would be."""
        return [ScaleEnds.of(amap, self.style)]


def with_shared_scale(job: Job, sentences: list[Sentence], n_jobs: int, size: int) -> Job:
    """The job with the scale of all maps; sentences with errors have their turn later."""
    items = (Item(number, each, [True]) for number, each in enumerate(sentences, start=1))
    first_pass = ScaleJob(job.look_options, job.style)
    with closing(run_in_order(first_pass, group_items(items, size), n_jobs)) as results:
        ends = [data for _, outcome in results for data in outcome.data]
    return replace(job, style=share_scale(job.style, ends))
