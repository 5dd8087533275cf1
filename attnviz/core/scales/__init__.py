"""Score scaling: the factor of the scores.    -> broadcasts to [head, query, 1]"""

from __future__ import annotations

import numpy as np

from attnviz.core.arithmetic import ArithmeticLine, Lines, Pair
from attnviz.core.arrays import FloatArray
from attnviz.core.inputs import Inputs
from attnviz.core.part import Part


class Scale(Part):
    """A factor of the scores, such as 1/√d."""

    def __call__(self, inputs: Inputs) -> FloatArray | float:
        """One factor, or one per head or query.    -> [] or [head | 1, query | 1, 1]"""
        raise TypeError(f"{type(self).__name__} does not define a factor")

    def factor_of(self, pair: Pair) -> float:
        """The factor of the score of one pair."""
        factor = np.asarray(self(pair.inputs))
        if factor.ndim == 0:
            return float(factor)
        return float(factor[pair.head % len(factor), pair.query % factor.shape[1], 0])

    def explain_lines(self, pair: Pair) -> Lines:
        """The arithmetic of the factor, its value last."""
        yield ArithmeticLine("factor", (str(self),), self.factor_of(pair))


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

    def explain_lines(self, pair: Pair) -> Lines:
        """1/√d in numbers"""
        yield ArithmeticLine("factor", ("1/√", pair.q.size), self(pair.inputs))


class Factor(Scale):
    """A constant factor, `scale`."""

    name = "factor"
    scale: float = 1.0

    def __call__(self, inputs: Inputs) -> float:
        """scale"""
        del inputs
        return self.scale

    def explain_lines(self, pair: Pair) -> Lines:
        """The tunable `scale`"""
        del pair
        yield ArithmeticLine("factor", ("the tunable scale",), self.scale)


PARTS: tuple[type[Scale], ...] = (RootDim, Unscaled, Factor)
