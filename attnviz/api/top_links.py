"""top: the largest weights of a map, with their heads and tokens."""

from __future__ import annotations

import numpy as np

from attnviz.argument_types import require_given
from attnviz.core.attention_map import AttentionMap
from attnviz.core.link import Link
from attnviz.errors import MisuseError
from attnviz.measures.links import strongest_links


def top(amap: AttentionMap, k: int = 5, *, content: bool = False) -> list[Link]:
    """The k largest weights of all heads, by absolute value; of equal ones, the first."""
    require_given("k", k, int)
    require_given("content", content, bool)
    if k < 1:
        raise MisuseError(f"k={k} should be at least 1")
    links = [
        Link(
            amap.layers[i],
            amap.heads[j],
            link.query,
            link.key,
            link.weight,
            amap.queries[link.query].label,
            amap.keys[link.key].label,
        )
        for i, j in np.ndindex(amap.n_layer, amap.n_head)
        for link in strongest_links(amap, i, j, k, content=content)
    ]
    return sorted(links, key=lambda link: -abs(link.weight))[:k]
