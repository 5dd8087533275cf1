"""Effects of heads over the sentences of a file, and mean outputs over those of another."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from attnviz.api.corpus_effects import EffectStatistics
from attnviz.api.effect import effect, mean_outputs
from attnviz.api.head_effects import HeadEffects
from attnviz.cli.batch.corpus import run_corpus
from attnviz.cli.batch.effect_record import EffectRecord
from attnviz.cli.environment import Environment
from attnviz.cli.input.sentence import Sentence
from attnviz.cli.input.sentences import read_sentences, require_valid
from attnviz.cli.output.progress import progress
from attnviz.cli.output.target import Target
from attnviz.errors import MisuseError
from attnviz.record import Record

if TYPE_CHECKING:
    from attnviz.sources.model.mean_outputs import MeanOutputs


class EffectJob(Record):
    """Computes the effects of the heads on the prediction of a sentence."""

    options: dict[str, Any]

    def __call__(self, sentence: Sentence) -> list[HeadEffects]:
        """The effects of one sentence."""
        if sentence.context is not None:
            raise MisuseError("a context has no effect on a pretrained model")
        (text, _), options = sentence.arguments(self.options)
        return [effect(text, **options)]


def average_effects(
    env: Environment,
    effect_options: dict[str, Any],
    sentences: Iterator[Sentence],
    targets: list[Target],
    options: Mapping[str, Any],
    record: EffectRecord | None = None,
) -> tuple[EffectStatistics, bool]:
    """The mean effects over all sentences, and whether a line was invalid."""
    statistics = EffectStatistics()
    _, has_failures = run_corpus(
        env, EffectJob(effect_options), statistics.add, sentences, targets, options, record
    )
    return statistics, has_failures


def average_corpus_outputs(
    env: Environment, path: str, look_options: dict[str, Any], targets: list[Target]
) -> MeanOutputs:
    """The mean outputs of heads over the sentences of a file; raises at its first invalid line."""
    sentences = require_valid(read_sentences(env, [], {"input": path, "context": None}))

    def texts() -> Iterator[str]:
        for sentence in sentences:
            if sentence.pair is not None or sentence.context is not None:
                raise MisuseError(f"--corpus {path}: line {sentence.line} has a second sentence")
            yield sentence.text

    with progress(env, targets, path) as tick:
        return mean_outputs(texts(), on_text=tick, **look_options)
