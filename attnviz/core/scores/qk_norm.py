"""Query-key norm: queries and keys are normalized before they are compared."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.part import Inputs
from attnviz.core.scores import Score


class QueryKeyNorm(Score):
    """The inner product of normalized queries and keys: no score can grow without bound.

    Formula: n(q)·n(k), n(x) = (x - mean) / √(var + eps), or x / √(mean of x² + eps) for
    norm "rms". Learned gains are left at the 1 they begin with.
    Paper: 2302.05442 (layer)
    """

    name = "query-key-norm"
    formula = "n(q)·n(k)"
    choices: ClassVar = {"norm": ("layer", "rms")}
    limits: ClassVar = {"eps": (0.0, 1.0)}
    norm: str = "layer"
    eps: float = 1e-6

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        return self.normed(inputs.query) @ self.normed(inputs.key).swapaxes(-1, -2)

    def normed(self, vectors: FloatArray) -> FloatArray:
        """n.    [..., d] -> [..., d]"""
        if self.norm == "layer":
            vectors = vectors - vectors.mean(-1, keepdims=True)
        size = np.sqrt((vectors**2).mean(-1, keepdims=True) + self.eps)
        return np.divide(vectors, size, out=np.zeros_like(vectors), where=size != 0)


PARTS: tuple[type[Score], ...] = (QueryKeyNorm,)
