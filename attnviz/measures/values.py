"""Values of measures for every head of a map."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.measures.distance import with_causal_mask
from attnviz.measures.measure import Measure
from attnviz.measures.table import MEASURES


def measure_heads(
    amap: AttentionMap, measures: Iterable[Measure] | None = None
) -> dict[str, FloatArray]:
    """The values of measures by name; None: of all measures that are defined for the map.

    A map without a mask, as in files of other programs, whose weights on later keys are all 0
    is measured as causal.
    Shapes: -> name: [layer, head], NaN for heads for which a measure is not defined
    Raises MisuseError for a measure that is not defined for the map, if it was requested.
    """
    values: dict[str, FloatArray] = {}
    amap = replace(with_causal_mask(amap))  # what measures share is dropped with this copy
    for row in MEASURES if measures is None else measures:
        value = row.compute(amap)
        if value is not None:
            values[row.name] = value.astype(np.float64)
        elif measures is not None:
            raise MisuseError(
                f"the measure {row.name!r} is not defined for this map: {row.summary}; "
                "another one: see attnviz.measure(amap)"
            )
    return values
