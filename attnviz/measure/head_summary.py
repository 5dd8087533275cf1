"""What the line under a head says, in positions and numbers."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.measure.entropy import head_entropy, most_entropy
from attnviz.measure.links import strongest_links
from attnviz.measure.row_mass import is_shared_out, mean_over


class HeadNote(NamedTuple):
    """The strongest link of a head, and how widely it spreads.

    `query` and `key` are None for a head without any weight. `entropy` is the mean of its
    rows in bits and `most` the mean of the highest they could have; both are None where rows
    are no shares of one whole, as with gates and signed weights.
    """

    query: int | None
    key: int | None
    weight: float
    entropy: float | None
    most: float | None


def caption(amap: AttentionMap, layer_index: int, head_index: int) -> HeadNote:
    """What there is to say of one head, counted among those the map holds.

    Shapes: [query, key] of one head -> a note
    """
    alone = amap.select(layers=[amap.layers[layer_index]], heads=[amap.heads[head_index]])
    links = strongest_links(alone, 0, 0, 1)
    query, key, weight = links[0] if links else (None, None, 0.0)
    if not is_shared_out(alone):
        return HeadNote(query, key, weight, None, None)
    most = mean_over(most_entropy(alone), np.asarray(alone.spent > 0))
    return HeadNote(query, key, weight, float(head_entropy(alone)[0, 0]), float(most[0, 0]))
