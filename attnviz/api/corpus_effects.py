"""corpus_effects: mean effects of heads over the predictions of many texts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

import numpy as np

from attnviz.api.head_effects import HeadEffect, HeadEffects, find_order, rank_heads
from attnviz.api.head_stats import defined
from attnviz.argument_types import require_given, require_type
from attnviz.core.arrays import FloatArray
from attnviz.errors import MisuseError
from attnviz.measures.corpus import RunningMoments


class EffectStatistics:
    """Moments of the effects of each head over texts; `first` are the effects of the first one.

    Memory does not depend on the number of texts.
    """

    def __init__(self) -> None:
        self.first: HeadEffects | None = None
        self.n_text = 0
        self.moments: dict[str, RunningMoments] = {}

    def add(self, effects: HeadEffects) -> None:
        """Add the effects of a text.    Raises MisuseError for heads of another model."""
        shapes = {value.shape for value in effects.values.values()}
        known = {moments.mean.shape for moments in self.moments.values()}
        if known and shapes != known:
            raise MisuseError("the effects are those of models with different layers or heads")
        self.first = self.first or effects
        self.n_text += 1
        for name, value in effects.values.items():
            self.moments.setdefault(name, RunningMoments(value.shape)).add(value)

    @property
    def means(self) -> Mapping[str, FloatArray]:
        """The mean of each measure, without texts for which it is not defined.

        Shapes: each [layer, head]
        """
        return {name: moments.means for name, moments in self.moments.items()}

    def ranked(self, sort: str | None = None) -> list[HeadEffect]:
        """One dict per head with "spread" and "count", the largest mean effect first.

        Raises MisuseError without a text, and as `HeadEffects.ranked`.
        """
        if self.first is None:
            raise MisuseError("there are no effects: no text was given")
        rows = [
            {
                "layer": layer,
                "head": head,
                "name": f"layer {layer} · head {head}",
                "measures": {n: float(m.means[layer, head]) for n, m in self.moments.items()},
                "spread": {n: defined(m.spread[layer, head]) for n, m in self.moments.items()},
                "count": {n: int(m.count[layer, head]) for n, m in self.moments.items()},
            }
            for layer, head in np.ndindex(*next(iter(self.moments.values())).mean.shape)
        ]
        return rank_heads(rows, sort, self.first.no_direct)


def corpus_effects(effects: Iterable[HeadEffects], sort: str | None = None) -> list[HeadEffect]:
    """Average the effects of each head over texts, in one pass and with bounded memory.

    Args:
        effects: results of `attnviz.effect` for one model, as from an iterator.
        sort: the order of the heads, as for `HeadEffects.ranked`, by mean effects.

    Returns:
        One dict per head: layer, head, name, "measures" with the means over the texts for which
        a measure is defined, "spread" with their standard deviations (n − 1), "count" with the
        numbers of these texts.

    Raises:
        UnknownNameError: an unknown order.
        MisuseError: no text, different models, an order by a measure that is not defined.

    >>> import attnviz
    >>> texts = ["apple river apple", "seven clock green seven"]
    >>> heads = corpus_effects(attnviz.effect(text, model="induction") for text in texts)
    >>> heads[0]["count"]["KL"]
    2
    """
    require_given("effects", effects, Iterable)
    require_type("sort", sort, str)
    find_order(sort)
    statistics = EffectStatistics()
    for one in effects:
        require_given("effects", one, HeadEffects)
        statistics.add(one)
    return statistics.ranked(sort)
