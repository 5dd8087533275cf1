"""RoPE with other frequencies: NTK-aware scaling, and p-RoPE without the lowest ones."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.part import Part
from attnviz.core.positions import Rope
from attnviz.core.positions.rope_scaling import ScaledRope, rope_frequencies

UP_TO_ONE = (0.0, 1.0)


class NtkRope(ScaledRope):
    """NTK-aware RoPE scaling: a larger base, so that only low frequencies are interpolated.

    Formula: base · factor^(d/(d-2)): the highest frequency stays, the lowest is divided by
    `factor`
    Paper: 2309.00071 (section 3.1, "NTK-aware")
    """

    name = "rope-ntk"
    tunable_aliases: ClassVar = Rope.tunable_aliases | {"stretch": "factor"}
    limits: ClassVar = Rope.limits | {"factor": (1e-6, 1e6)}
    factor: float = 4.0

    def frequencies(self, width: int, n_token: int) -> FloatArray:
        """-> [pair]"""
        del n_token
        return rope_frequencies(self.base * self.factor ** (width / max(width - 2, 1)), width)


class ProportionalRope(ScaledRope):
    """p-RoPE: only the highest frequencies rotate, the lowest ones carry content alone.

    Formula: angle i · base^(-2t/d) for t < p d/2, else 0
    Paper: 2410.06205
    """

    name = "rope-p"
    limits: ClassVar = Rope.limits | {"proportion": UP_TO_ONE}
    proportion: float = 0.75

    def frequencies(self, width: int, n_token: int) -> FloatArray:
        """-> [pair]"""
        del n_token
        rotating = np.arange(width // 2) < int(self.proportion * (width // 2))
        return np.where(rotating, rope_frequencies(self.base, width), 0.0)


PARTS: tuple[type[Part], ...] = (NtkRope, ProportionalRope)
