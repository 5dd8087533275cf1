"""Scaling: the limits and the norm of color scales, as requested, or chosen for long texts."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.record import Record
from attnviz.render.colors import MAX_LIMIT, MIN_RANGE
from attnviz.render.style import Style
from attnviz.render.views import SCALED_VIEWS

LONG_TEXT = 64  # tokens; rows of more have weights too small for a linear scale up to 1
ROBUST_QUANTILE = 0.98
MAX_SAMPLE = 300_000  # weights that a quantile is computed of


class Scaling(Record, kw_only=True):
    """Limits and norm of color scales; None: chosen by the weights.

    `robust` sets the high limit to a quantile of the magnitudes, so that few large weights,
    such as the first rows of a causal map, do not leave the others one color. The norm None is
    logarithmic, or a square root for scales that are centered at 0, which have no logarithm.
    """

    vmin: float | None = None
    vmax: float | None = None
    robust: bool = False
    norm: str | None = "linear"

    @classmethod
    def of(cls, amap: AttentionMap, style: Style, view: str) -> Scaling:
        """The scaling of a map in a view.

        Without any request it is linear, except for the colors of long texts: on a linear scale
        up to the weight 1 of a first row they are all one color. Bars and lines stay linear.
        """
        requested = style.vmin, style.vmax, style.norm
        n_token = max(len(amap.queries), len(amap.keys))
        is_colored = view in (*SCALED_VIEWS, "auto") and not amap.is_mask
        if requested == (None,) * 3 and not style.robust and is_colored and n_token > LONG_TEXT:
            return cls(norm=None)
        return cls(
            vmin=style.vmin, vmax=style.vmax, robust=style.robust, norm=style.norm or "linear"
        )

    def high_limit(self, sample: FloatArray) -> float | None:
        """The high limit for weights of which this is a sample; None: the largest one.

        A requested limit takes precedence over a robust one.    sample [weight]
        """
        if self.vmax is not None or not self.robust or not sample.size:
            return self.vmax
        limit = float(np.quantile(np.abs(sample), ROBUST_QUANTILE))
        # A quantile of sparse weights is 0.
        return limit if MIN_RANGE < limit < MAX_LIMIT else None


def visible_sample(weights: FloatArray, visible: BoolArray | None = None) -> FloatArray:
    """About MAX_SAMPLE visible weights, in whole rows; all of a smaller map.

    Shapes: [layer, head, query, key], broadcasts to [layer, head, query, key] -> [weight]
    """
    step = max(1, min(weights.shape[2], weights.size // MAX_SAMPLE))
    rows = slice(step // 2, None, step)
    sample = weights[:, :, rows]
    if visible is None:
        return sample.ravel()
    return sample[np.broadcast_to(visible, weights.shape)[:, :, rows]]
