"""Negative squared Euclidean distance between query and key (L2 attention)."""

from __future__ import annotations

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair, dimension_table
from attnviz.core.arrays import FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.scores import Score


class SquaredDistance(Score):
    """Negative squared Euclidean distance between query and key.

    Formula: -‖q - k‖²
    Paper: 2006.04710
    """

    name = "distance"
    formula = "−‖q−k‖²"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        query, key = inputs.query, inputs.key
        norms = (query**2).sum(-1)[:, :, None] + (key**2).sum(-1)[:, None, :]
        return 2.0 * (query @ key.swapaxes(-1, -2)) - norms

    def explain_lines(self, pair: Pair) -> Lines:
        """The squared differences, and minus their sum"""
        squares = (pair.q - pair.k) ** 2
        table = dimension_table(("q", pair.q), ("k", pair.k), ("(q − k)²", squares))
        yield ArithmeticLine("score", ("−Σ (q − k)²",), -float(squares.sum()), table)


PARTS: tuple[type[Score], ...] = (SquaredDistance,)
