"""Score scaling: the factor of the scores.    -> broadcasts to [head, query, 1]"""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.part import Part


class Scale(Part):
    """A factor of the scores, such as 1/√d."""

    def __call__(self, inputs: Inputs) -> FloatArray | float:
        """One factor, or one per head or query.    -> [] or [head | 1, query | 1, 1]"""
        raise TypeError(f"{type(self).__name__} does not define a factor")


class Unscaled(Scale):
    """No scaling: a factor of 1."""

    name = "unscaled"

    def __call__(self, inputs: Inputs) -> float:
        """1"""
        del inputs
        return 1.0


class RootDim(Scale):
    """Scaled dot product: 1/√d keeps the variance of q·k independent of the head dimension d.

    Formula: 1/√d
    Paper: 1706.03762
    """

    name = "root-d"

    def __call__(self, inputs: Inputs) -> float:
        """1/√d"""
        return float(1.0 / np.sqrt(inputs.query.shape[-1]))


class Factor(Scale):
    """A constant factor, `scale`."""

    name = "factor"
    scale: float = 1.0

    def __call__(self, inputs: Inputs) -> float:
        """scale"""
        del inputs
        return self.scale


PARTS: tuple[type[Scale], ...] = (RootDim, Unscaled, Factor)
