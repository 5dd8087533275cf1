"""xPos: RoPE whose scores decay with distance, for length extrapolation."""

from __future__ import annotations

from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.positions import Position, Side, rotate_pairs


class Xpos(Position):
    """xPos: RoPE with an exponential decay per pair of dimensions, strongest for fast pairs.

    Formula: RoPE on pairs (2t, 2t+1), times ζ_t^(i/scale_base) for queries and
    ζ_t^(-j/scale_base) for keys, ζ_t = (2t/d + damping) / (1 + damping)
    Paper: 2212.10554
    """

    name = "xpos"
    tunable_aliases: ClassVar = {"span": "scale_base"}
    limits: ClassVar = {"base": (1.0, inf), "damping": (1e-6, inf), "scale_base": (1.0, inf)}
    base: float = 10000.0
    damping: float = 0.4
    scale_base: float = 512.0

    def rotate(self, vectors: FloatArray, positions: IntArray, side: Side) -> FloatArray:
        """[head, token, d] -> [head, token, d]"""
        width = vectors.shape[-1] // 2 * 2
        exponent = np.arange(0, width, 2) / max(width, 1)
        angle = positions[:, None] * self.base**-exponent
        zeta = (exponent + self.damping) / (1.0 + self.damping)
        sign = 1.0 if side == "query" else -1.0
        decay = zeta ** (sign * positions[:, None] / self.scale_base)
        return rotate_pairs(
            vectors, np.cos(angle) * decay, np.sin(angle) * decay, interleaved=True
        )


PARTS: tuple[type[Position], ...] = (Xpos,)
