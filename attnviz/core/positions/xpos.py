"""Extrapolating rotation: turned like RoPE, and fading with the distance."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.positions import Position, Side, rotate


class Xpos(Position):
    """Pairs turn with the position; queries grow and keys shrink with it, fast pairs the most.

    Formula: RoPE on pairs (2t, 2t+1), times ζ_t^(i/span) for queries and ζ_t^(-j/span) for
    keys, ζ_t = (2t/d + damping) / (1 + damping)
    Paper: 2212.10554
    """

    name = "xpos"
    limits: ClassVar = {"base": (1.0, inf), "damping": (1e-6, inf), "span": (1.0, inf)}
    base: float = 10000.0
    damping: float = 0.4
    span: float = 512.0

    def turn(self, vectors: FloatArray, positions: IntArray, side: Side) -> FloatArray:
        """[head, token, d] -> [head, token, d]"""
        width = vectors.shape[-1] // 2 * 2
        share = np.arange(0, width, 2) / max(width, 1)
        angle = positions[:, None] * self.base**-share
        zeta = (share + self.damping) / (1.0 + self.damping)
        sign = 1.0 if side == "query" else -1.0
        size = zeta ** (sign * positions[:, None] / self.span)
        return rotate(vectors, np.cos(angle) * size, np.sin(angle) * size, interleaved=True)


PARTS: tuple[type[Position], ...] = (Xpos,)
