"""Grouped-query attention (GQA, MQA): key/value heads repeated for the query heads.

Paper: 2305.13245 (grouped-query), 1911.02150 (multi-query)
"""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.part import Part
from attnviz.errors import ShapeError


def repeat_kv(kv: FloatArray, n_head: int) -> FloatArray:
    """Repeat key/value heads for n_head query heads; head i uses key/value head i // group.

    Shapes: [kv_head, key, d] -> [head, key, d]
    """
    group, remainder = divmod(n_head, kv.shape[0])
    if remainder or not group:
        raise ShapeError(f"{n_head} query heads cannot share {kv.shape[0]} key heads evenly")
    return kv if group == 1 else np.repeat(kv, group, axis=0)


PARTS: tuple[type[Part], ...] = ()  # the layout itself is MultiHead(kv_heads=…)
