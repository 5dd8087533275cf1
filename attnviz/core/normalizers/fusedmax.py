"""Fusedmax: sparsemax with a total variation penalty, so that neighbouring keys share a weight."""

from __future__ import annotations

from itertools import pairwise
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, ArithmeticTable, Lines, Piece, WeightPair
from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.normalizers import Normalizer
from attnviz.core.normalizers.sparsemax_entmax import mask_and_center, sparsemax
from attnviz.core.numerics import subtract_row_max


class Fusedmax(Normalizer):
    """Fusedmax: sparsemax of the scores after a fused-lasso (total variation) proximal step.

    Formula: the distribution p nearest to S with the penalty fusion Σ |p_(j+1) - p_j| over
    neighbouring visible keys = sparsemax(argmin_x ½‖x-S‖² + fusion Σ |x_(j+1) - x_j|)
    Paper: 1705.07704
    """

    name = "fusedmax"
    limits: ClassVar = {"fusion": (0.0, inf)}
    fusion: float = 0.5

    def __call__(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> FloatArray:
        """[head, query, key], [head, query, key] -> [head, query, key]"""
        del inputs
        scores = mask_and_center(logits, visible)
        for row in scores.reshape(-1, scores.shape[-1]):
            unmasked = ~np.isneginf(row)
            row[unmasked] = prox_total_variation(row[unmasked], self.fusion)
        return sparsemax(subtract_row_max(scores))

    def explain_lines(self, pair: WeightPair) -> Lines:
        """The means of fused scores, the threshold τ, and the fused score above it."""
        fused = prox_total_variation(pair.row, self.fusion)
        yield from self.segment_lines(pair, fused)
        tau = float(fused.max() - pair.weights[pair.head, pair.query].max())
        support = int((fused > tau).sum())
        table = pair.table(("fused", fused))
        yield ArithmeticLine("support", ("number of keys above τ",), float(support), table)
        total = float(np.sort(fused)[-support:].sum())
        yield ArithmeticLine("their sum", ("Σ largest(", support, ", fused)"), total)
        yield ArithmeticLine("τ", ("(", total, " − 1) / ", support), tau)
        pieces = ("max(", float(fused[pair.at]), " − ", tau, ", 0)")
        yield ArithmeticLine("weight", pieces, pair.weight)

    def segment_lines(self, pair: WeightPair, fused: FloatArray) -> Lines:
        """The scores that were fused: their mean, moved towards the neighbours on either side.

        Shapes: fused [visible key]
        """
        table: ArithmeticTable | None = pair.table(("logit", pair.row))
        edges = [0, *(np.flatnonzero(np.diff(fused)) + 1).tolist(), fused.size]
        for start, end in pairwise(edges):
            terms: list[Piece] = [
                t for logit in pair.row[start:end] for t in (" + ", float(logit))
            ]
            for neighbour in (start - 1, end):
                if 0 <= neighbour < fused.size:
                    sign = " + " if fused[neighbour] > fused[start] else " − "
                    terms += [sign, self.fusion]
            label = f"fused {start} to {end - 1}" if end - start > 1 else f"fused {start}"
            pieces = ("(", *terms[1:], ") / ", end - start)
            yield ArithmeticLine(label, pieces, float(fused[start]), table)
            table = None


def prox_total_variation(values: FloatArray, penalty: float) -> FloatArray:
    """Proximal operator of total variation: argmin_x ½‖x-y‖² + penalty Σ|Δx|, y the values.

    Taut-string algorithm: the cumulative sum of x is a string pulled taut through a tube of
    half-width `penalty` around the cumulative sum of y.
    Shapes: [key] -> [key]
    """
    n = len(values)
    centre = np.concatenate([[0.0], np.cumsum(values)])
    low, high = centre - penalty, centre + penalty
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
    """The end of the straight piece from here, its slope, and the string's height there."""
    floor, ceiling = (-inf, start), (inf, start)  # bounds of the slope, and where they come from
    for j in range(start + 1, len(low)):
        rise, fall = (low[j] - height) / (j - start), (high[j] - height) / (j - start)
        if rise > ceiling[0]:
            return ceiling[1], ceiling[0], high[ceiling[1]]
        if fall < floor[0]:
            return floor[1], floor[0], low[floor[1]]
        floor = max(floor, (rise, j))
        ceiling = (fall, j) if fall <= ceiling[0] else ceiling
    return floor[1], floor[0], low[floor[1]]


PARTS: tuple[type[Normalizer], ...] = (Fusedmax,)
