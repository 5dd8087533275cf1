"""Output path: what follows the attention of a layer, from head outputs to hidden states.

y_i = norm( x_i + Σ_h Σ_j α_hij v_hj W_O,h + b )
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import MisuseError
from attnviz.record import Record


class NormScale(Record, eq=False):
    """A layer norm, or RMS norm, with its weights.    weight [d_model]

    Formula: w (z − mean) / √(variance + eps); of RMS norm w z / √(mean of z² + eps)
    """

    weight: FloatArray
    eps: float
    subtracts_mean: bool

    def center(self, z: FloatArray) -> FloatArray:
        """What the norm divides: z without its mean, of RMS norm z.    [..., d] -> [..., d]"""
        return z - z.mean(-1, keepdims=True) if self.subtracts_mean else z

    def divisor(self, total: FloatArray) -> FloatArray:
        """The root that the norm divides a sum by.    [..., d] -> [..., 1]"""
        squares = (self.center(total) ** 2).mean(-1, keepdims=True)
        return np.sqrt(squares + self.eps)


class OutputPath(Record, kw_only=True, eq=False):
    """Projection, residual connection and layer norm after the attention of a layer.

    `projection` computes W_O by head and the bias b, when it is needed. `residual` is added to
    the output; `norm` follows. Where there is none, `no_residual` and `no_norm` are the reasons.
    Shapes: projection: -> [head, d_value, d_model], [d_model]; residual [query, d_model]
    """

    projection: Callable[[], tuple[FloatArray, FloatArray]]
    residual: FloatArray | None = None
    norm: Callable[[], NormScale] | None = None
    no_residual: str = "there is no residual connection"
    no_norm: str = "no layer norm follows the residual connection"

    def require_residual(self) -> FloatArray:
        """The residual stream; MisuseError, with the reason, where there is none."""
        if self.residual is None:
            raise MisuseError(f"contributions with residual: {self.no_residual}")
        return self.residual

    def require_norm(self) -> NormScale:
        """The layer norm; MisuseError, with the reason, where there is none."""
        if self.norm is None:
            raise MisuseError(f"contributions with layer norm: {self.no_norm}")
        return self.norm()
