"""Gumbel noise added to scores (Gumbel-softmax)."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair
from attnviz.core.arrays import FloatArray
from attnviz.core.biases import Bias
from attnviz.core.inputs import Inputs
from attnviz.core.seeded_random import draw_uniform


class GumbelNoise(Bias):
    """Gumbel noise: the key of the largest noisy score is a sample from the softmax.

    Formula: S + g, g = -log(-log u), u uniform on (0, 1), drawn from `seed`
    Paper: 1611.01144
    """

    name = "gumbel"
    tunable_aliases: ClassVar = {"drawing": "seed"}
    limits: ClassVar = {"seed": (0, inf)}
    seed: int = 0

    def __call__(self, logits: FloatArray, inputs: Inputs) -> FloatArray:
        """[head, query, key] -> [head, query, key]"""
        grid = inputs.grid
        heads, queries, keys = grid.h[:, 0, 0], grid.query_index[0, :, 0], grid.k[0, 0]
        rows = [[self.draw_row(int(h), int(i), grid.n_key)[keys] for i in queries] for h in heads]
        return logits + np.reshape(rows, grid.shape)

    def draw_row(self, head: int, query: int, n_key: int) -> FloatArray:
        """The noise of one query; a longer row begins with the shorter one.    -> [key]"""
        uniform = draw_uniform((n_key,), self.seed, "gumbel", head, query, variance=1.0 / 3.0)
        return -np.log(-np.log(np.clip(0.5 + 0.5 * uniform, 2.0**-53, 1.0 - 2.0**-53)))

    def term_lines(self, pair: Pair, term: float) -> Lines:
        """The uniform number u, and -log(-log u)"""
        uniform = float(np.exp(-np.exp(-term)))
        yield ArithmeticLine("u", (f"drawn from seed {self.seed}",), uniform)
        yield ArithmeticLine("noise", ("(−log(−log(", uniform, ")))"), term)


PARTS: tuple[type[Bias], ...] = (GumbelNoise,)
