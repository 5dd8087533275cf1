"""Fused: neighbouring keys are given the same weight, so that phrases are looked at whole."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.normalizers import Normalize
from attnviz.core.normalizers.sparsemax_entmax import below_best, sparsemax
from attnviz.core.numerics import below_peak
from attnviz.core.part import Inputs


class Fusedmax(Normalize):
    """Like sparsemax, with a price on every step between one key and the next that is seen.

    Formula: the p nearest to S over distributions, at the price fusion Σ |p_(j+1) - p_j|:
    sparsemax of the scores after their steps were flattened at that price
    Paper: 1705.07704
    """

    name = "fusedmax"
    limits: ClassVar = {"fusion": (0.0, inf)}
    fusion: float = 0.5

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        flat = below_best(logits, visible)
        for row in flat.reshape(-1, flat.shape[-1]):
            seen = ~np.isneginf(row)
            row[seen] = flattened(row[seen], self.fusion)
        return sparsemax(below_peak(flat))


def flattened(values: FloatArray, price: float) -> FloatArray:
    """The x that is nearest to the values when each step of x costs: min ½‖x-y‖² + price Σ|Δx|.

    The running sum of x is a string pulled taut through a tube around the running sum of y.
    Shapes: [key] -> [key]
    """
    n = len(values)
    centre = np.concatenate([[0.0], np.cumsum(values)])
    low, high = centre - price, centre + price
    low[[0, n]] = high[[0, n]] = centre[[0, n]]
    flat = np.empty_like(values)
    start, height = 0, 0.0
    while start < n:
        end, slope, height = next_knot(low, high, start, height)
        flat[start:end] = slope
        start = end
    return flat


def next_knot(
    low: FloatArray, high: FloatArray, start: int, height: float
) -> tuple[int, float, float]:
    """How far a taut string runs straight from here: the end, its slope, its height there."""
    floor, ceiling = (-inf, start), (inf, start)  # steepest and flattest way, and where it bends
    for j in range(start + 1, len(low)):
        rise, fall = (low[j] - height) / (j - start), (high[j] - height) / (j - start)
        if rise > ceiling[0]:
            return ceiling[1], ceiling[0], high[ceiling[1]]
        if fall < floor[0]:
            return floor[1], floor[0], low[floor[1]]
        floor = max(floor, (rise, j))
        ceiling = (fall, j) if fall <= ceiling[0] else ceiling
    return floor[1], floor[0], low[floor[1]]


PARTS: tuple[type[Normalize], ...] = (Fusedmax,)
