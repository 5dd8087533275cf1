"""Cosine similarity of query and key."""

from __future__ import annotations

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, dimension_table, products
from attnviz.core.arrays import FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.numerics import unit_vectors
from attnviz.core.scores import Score


class Cosine(Score):
    """Cosine similarity: dot product of L2-normalized query and key; 0 for a zero vector.

    Formula: q·k / (‖q‖ ‖k‖)
    Paper: 1410.5401, 2010.04245
    """

    name = "cosine"
    formula = "q·k/(‖q‖‖k‖)"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        return unit_vectors(inputs.query) @ unit_vectors(inputs.key).swapaxes(-1, -2)

    def explain_lines(self, pair: Pair) -> Lines:
        """q·k, ‖q‖, ‖k‖ and the quotient; 0 for a zero vector"""
        inner = products("q·k", ("q", pair.q), ("k", pair.k))
        yield inner
        norms = []
        for name, vector in (("q", pair.q), ("k", pair.k)):
            norms.append(float(np.linalg.norm(vector)))
            table = dimension_table((f"{name}²", vector**2))
            yield ArithmeticLine(f"‖{name}‖", (f"√(Σ {name}²)",), norms[-1], table)
        if 0.0 in norms:
            yield ArithmeticLine("score", (0, " (a zero vector)"), 0.0)
            return
        value = inner.value / (norms[0] * norms[1])
        yield ArithmeticLine("score", (inner.value, " / (", norms[0], " × ", norms[1], ")"), value)


PARTS: tuple[type[Score], ...] = (Cosine,)
