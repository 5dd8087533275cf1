"""Trilinear (BiDAF) score: one weight per dimension of query, key and their product."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.scores import Score


class Trilinear(Score):
    """Trilinear similarity of BiDAF: a linear layer over query, key and their product.

    Formula: wᵀ [q; k; q∘k]
    Paper: 1611.01603
    """

    name = "trilinear"
    formula = "wᵀ[q;k;q∘k]"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [3 d]"""
        return {"w_trilinear": (3 * sizes.d,)}

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        of_query, of_key, of_both = np.split(inputs.param("w_trilinear")[:, None, :], 3, axis=-1)
        query, key = inputs.query, inputs.key
        linear = (query * of_query).sum(-1)[:, :, None] + (key * of_key).sum(-1)[:, None, :]
        return (query * of_both) @ key.swapaxes(-1, -2) + linear


PARTS: tuple[type[Score], ...] = (Trilinear,)
