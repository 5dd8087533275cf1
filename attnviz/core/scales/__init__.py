"""Scales: what scores are multiplied by first.    -> broadcasts to [head, query, 1]"""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.part import Inputs, Part


class Scale(Part):
    """A factor for the scores."""

    def __call__(self, inputs: Inputs) -> FloatArray | float:
        """A number, or one number a query.    -> [] or [head | 1, query | 1, 1]"""
        raise TypeError(f"{type(self).__name__} does not say its factor")


class Unscaled(Scale):
    """Scores stay as they are."""

    name = "unscaled"

    def __call__(self, inputs: Inputs) -> float:
        """1"""
        del inputs
        return 1.0


class RootWidth(Scale):
    """Keeps the spread of dot products independent of the width.

    Formula: 1/√d
    Paper: 1706.03762
    """

    name = "root-d"

    def __call__(self, inputs: Inputs) -> float:
        """1/√d"""
        return float(1.0 / np.sqrt(inputs.query.shape[-1]))


class Factor(Scale):
    """A stated factor."""

    name = "factor"
    scale: float = 1.0

    def __call__(self, inputs: Inputs) -> float:
        """The factor"""
        del inputs
        return self.scale


PARTS: tuple[type[Scale], ...] = (RootWidth, Unscaled, Factor)
