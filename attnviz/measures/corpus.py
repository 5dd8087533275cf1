"""Measures of heads over many maps: mean, standard deviation and count, in one pass."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.measures.profile import offset_profile
from attnviz.measures.values import measure_heads
from attnviz.record import Record


class HeadValues(Record, eq=False):
    """The measures of every head of one map.

    `layers` and `heads` are original indices, `names` the labels of all heads in order.
    Shapes: measures [layer, head] by name; profile [layer, head, bin] or None
    """

    layers: tuple[int, ...]
    heads: tuple[int, ...]
    names: tuple[str, ...]
    measures: Mapping[str, FloatArray]
    profile: FloatArray | None

    @classmethod
    def of(cls, amap: AttentionMap) -> HeadValues:
        """All measures that are defined for a map."""
        names = tuple(amap.head_name(*at) for at in np.ndindex(amap.n_layer, amap.n_head))
        measures = measure_heads(amap)
        return cls(amap.layers, amap.heads, names, measures, offset_profile(amap))


class RunningMoments:
    """Mean and standard deviation of arrays of one shape, without those that are NaN.

    Source: B. P. Welford, Technometrics 4 (3), 1962.    Shapes: mean, squares, count [...]
    """

    def __init__(self, shape: tuple[int, ...]) -> None:
        self.mean: FloatArray = np.zeros(shape)
        self.squares: FloatArray = np.zeros(shape)
        self.count: IntArray = np.zeros(shape, dtype=np.int64)

    def add(self, value: FloatArray) -> None:
        """Add one array.    [...]"""
        known = ~np.isnan(value)
        self.count = self.count + known
        change = np.where(known, value - self.mean, 0.0)
        self.mean = self.mean + change / np.maximum(self.count, 1)
        self.squares = self.squares + change * np.where(known, value - self.mean, 0.0)

    @property
    def means(self) -> FloatArray:
        """The mean; NaN where there was no value.    -> [...]"""
        return np.where(self.count > 0, self.mean, np.nan)

    @property
    def spread(self) -> FloatArray:
        """The sample standard deviation (n − 1); NaN for fewer than two values.    -> [...]"""
        variance = np.maximum(self.squares, 0.0) / np.maximum(self.count - 1, 1)
        return np.where(self.count > 1, np.sqrt(variance), np.nan)


class CorpusStatistics:
    """Statistics of each head over the maps of a corpus, all with the same layers and heads.

    Its memory does not depend on the number of maps.
    """

    def __init__(self) -> None:
        self.n_map = 0
        self.first: HeadValues | None = None
        self.moments: dict[str, RunningMoments] = {}
        self.profile: RunningMoments | None = None

    def add(self, values: HeadValues) -> None:
        """Add the measures of one map.

        Raises MisuseError for other layers or heads than those of the first map.
        """
        if self.first is None:
            self.first = values
        for axis in ("layers", "heads"):
            own, new = getattr(self.first, axis), getattr(values, axis)
            if own != new:
                raise MisuseError(
                    f"the maps have different {axis}: {len(own)} in the first one, {len(new)} in "
                    f"another; select common {axis}, or measure them in calls of their own"
                )
        self.n_map += 1
        for name, value in values.measures.items():
            if name not in self.moments:
                self.moments[name] = RunningMoments(value.shape)
            self.moments[name].add(value)
        if values.profile is not None:
            self.profile = self.profile or RunningMoments(values.profile.shape)
            self.profile.add(values.profile)

    @property
    def means(self) -> HeadValues:
        """The mean of each measure.    Raises MisuseError if there is no map."""
        if self.first is None:
            raise MisuseError("there is no map to measure")
        return HeadValues(
            self.first.layers,
            self.first.heads,
            self.first.names,
            {name: moments.means for name, moments in self.moments.items()},
            None if self.profile is None else self.profile.means,
        )
