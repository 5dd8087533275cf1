"""Pooling by multi-head attention (PMA): a learned query per head."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.scores import Factors, Score
from attnviz.core.scores.query_free import repeat_for_queries


class SeedVector(Score):
    """Pooling by multi-head attention (PMA): a learned seed vector in place of the query.

    Formula: s·k
    Paper: 1810.00825 (set transformer)
    """

    name = "seed-vector"
    formula = "s·k"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """s [d]"""
        return {"s_seed": (sizes.d,)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, key, d] -> [head, query, key]"""
        return repeat_for_queries(
            np.einsum("hkd,hd->hk", inputs.key, inputs.param("s_seed")), inputs
        )

    def factors(self, inputs: Inputs, head: int, query: int, key: int) -> Factors:
        """s and k"""
        del query
        return ("s", inputs.param("s_seed")[head]), ("k", inputs.key[head, key])


PARTS: tuple[type[Score], ...] = (SeedVector,)
