"""QK norm: LayerNorm or RMSNorm of queries and keys before the dot product."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, dimension_table, products
from attnviz.core.arrays import FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.scores import Score


class QueryKeyNorm(Score):
    """Dot product of normalized queries and keys, which bounds the scores by d.

    Formula: n(q)·n(k), n(x) = (x - mean) / √(var + eps), or x / √(mean of x² + eps) for
    norm "rms". The learned gains of n are 1, their initial value.
    Paper: 2302.05442 (layer), 2505.09388 (rms, per head), 2501.00656 (rms, of all heads together)
    """

    name = "query-key-norm"
    formula = "n(q)·n(k)"
    choices: ClassVar = {"norm": ("layer", "rms")}
    limits: ClassVar = {"eps": (0.0, 1.0)}
    norm: str = "layer"
    eps: float = 1e-6

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        return self.normalize(inputs.query) @ self.normalize(inputs.key).swapaxes(-1, -2)

    def explain_lines(self, pair: Pair) -> Lines:
        """Mean and deviation of q and of k, n(q) and n(k), and their product"""
        rows = []
        for name, vector in (("q", pair.q), ("k", pair.k)):
            centred, minus_mean, table = vector, name, dimension_table((name, vector))
            if self.norm == "layer":
                mean = float(vector.mean())
                yield ArithmeticLine(f"mean {name}", (f"Σ {name} / ", vector.size), mean, table)
                centred, minus_mean = vector - mean, f"({name} − mean {name})"
                table = dimension_table((minus_mean, centred))
            squares = (f"{minus_mean}²", centred**2)
            rms = float(np.sqrt(squares[1].mean() + self.eps))
            root = (f"√(Σ {squares[0]} / ", vector.size, " + ", self.eps, ")")
            yield ArithmeticLine(
                f"rms {name}", root, rms, table._replace(rows=(*table.rows, squares))
            )
            unit = centred / rms if rms else centred
            rows.append((f"({minus_mean} / rms {name})", unit))
        yield products("score", *rows)

    def normalize(self, vectors: FloatArray) -> FloatArray:
        """n.    [..., d] -> [..., d]"""
        if self.norm == "layer":
            vectors = vectors - vectors.mean(-1, keepdims=True)
        rms = np.sqrt((vectors**2).mean(-1, keepdims=True) + self.eps)
        return np.divide(vectors, rms, out=np.zeros_like(vectors), where=rms != 0)


PARTS: tuple[type[Score], ...] = (QueryKeyNorm,)
