"""Jobs that compute maps: of one sentence, or of several in one forward pass."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING, Any

from attnviz.cli.batch.outcome import Outcome, attempt, record_notes, run_job, to_outcome
from attnviz.cli.input.sentence import Sentence
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import AttnvizError
from attnviz.record import Record
from attnviz.render.output_format import Format

if TYPE_CHECKING:
    from attnviz.api.pending_map import PendingMap


class MapJob(Record):
    """What is done with the map of each sentence; a plain value, as Job."""

    look_options: dict[str, Any]

    @property
    def formats(self) -> Collection[Format]:
        """The formats that maps are written in."""
        return ()

    def finish(self, sentence: Sentence, amap: AttentionMap) -> list[Any]:
        """The results of a sentence, one per target, from its map."""
        raise NotImplementedError

    def prepare(self, sentence: Sentence) -> PendingMap:
        """The map of a sentence, before it is computed."""
        from attnviz.api.pending_map import prepare_map

        texts, options = sentence.arguments(self.look_options)
        return prepare_map(self.formats, *texts, **options)

    def __call__(self, sentence: Sentence) -> list[Any]:
        """The results of a sentence that runs alone."""
        from attnviz.api.look_many import run_group

        (amap,) = run_group([self.prepare(sentence)])
        return self.finish(sentence, amap)


def run_together(job: MapJob, sentences: Sequence[Sentence]) -> list[Outcome]:
    """The outcomes of several sentences, of which those that fit share a forward pass."""
    from attnviz.api.look_many import group_maps

    outcomes: dict[int, Outcome] = {}
    pending: dict[int, PendingMap] = {}
    notes: list[list[str]] = [[] for _ in sentences]
    for i, sentence in enumerate(sentences):
        if sentence.error is not None:
            outcomes[i] = Outcome([], sentence.error)
            continue
        prepared = attempt(partial(job.prepare, sentence), notes[i])
        if isinstance(prepared, AttnvizError):
            outcomes[i] = to_outcome(prepared, notes[i])
        else:
            pending[i] = prepared
    numbers = iter(pending)
    for group in group_maps(pending.values()):
        numbered = dict(zip(islice(numbers, len(group)), group, strict=True))
        outcomes.update(finish_group(job, sentences, numbered, notes))
    return [outcomes[i] for i in range(len(sentences))]


def finish_group(
    job: MapJob,
    sentences: Sequence[Sentence],
    group: dict[int, PendingMap],
    notes: list[list[str]],
) -> dict[int, Outcome]:
    """The outcomes of a group; where its run fails, each sentence runs alone for its error."""
    from attnviz.api.look_many import run_group

    try:
        with record_notes(notes[next(iter(group))]):
            maps = run_group(list(group.values()))
    except (AttnvizError, MemoryError):
        return {i: run_job(job, sentences[i]) for i in group}
    return {
        i: to_outcome(attempt(partial(job.finish, sentences[i], amap), notes[i]), notes[i])
        for i, amap in zip(group, maps, strict=True)
    }
