"""Fourier mixing (FNet): tokens are mixed by a discrete Fourier transform."""

from __future__ import annotations

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, MapPair
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.mixers import Mixer
from attnviz.core.visibility import require_same_for_all


class Fourier(Mixer):
    """Fourier mixing: the matrix of cosines in even heads, of sines in odd ones.

    Formula: cos(2π ij/n) in even heads, sin(2π ij/n) in odd ones; Re(F_n X F_d) is the cosines
    times the cosine transform of X over its features, less the sines times the sine transform
    Paper: 2105.03824
    """

    name = "fourier"
    formula = "cos(2π ij/n) | sin(2π ij/n)"
    signed = True
    prefix_stable = False

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        require_same_for_all(inputs, visible, self.name)
        grid = inputs.grid
        angle = 2.0 * np.pi * (grid.q * grid.k % grid.n_key) / grid.n_key
        return np.where(grid.h % 2, np.sin(angle), np.cos(angle))

    def explain_lines(self, pair: MapPair) -> Lines:
        """The cosine in even heads, the sine in odd ones"""
        wave = "sin" if pair.head % 2 else "cos"
        angle = ("(2 × π × ", pair.i, " × ", pair.j, " / ", pair.inputs.grid.n_key, ")")
        yield ArithmeticLine("weight", (wave, *angle), pair.weight)


PARTS = (Fourier,)
