"""Spread of attention over keys: effective number of keys, mass of the largest weights, Gini."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.measures.entropy import entropy, max_entropy
from attnviz.measures.row_mass import count_visible, distribution_heads

HeadValues = Callable[[AttentionMap], FloatArray]


def for_distributions(rows: HeadValues) -> Callable[[AttentionMap], FloatArray | None]:
    """The mean of a value of rows over the rows with weight; NaN for heads without distributions.

    Shapes: rows: -> [layer, head, query]; the result: -> [layer, head]
    """

    def measure(amap: AttentionMap) -> FloatArray | None:
        allowed = distribution_heads(amap)
        if not allowed.any():
            return None
        if not allowed.all():
            amap = replace(amap, weights=amap.weights * allowed[..., None, None])
        return np.where(allowed, mean_or_nan(rows(amap), amap.row_sums > 0), np.nan)

    return measure


def mean_or_nan(values: FloatArray, rows: BoolArray) -> FloatArray:
    """The mean over the selected rows; NaN for a head without any.

    Shapes: [layer, head, query], [layer, head, query] -> [layer, head]
    """
    total, n = np.where(rows, values, 0.0).sum(-1), rows.sum(-1)
    return np.divide(total, n, out=np.full(total.shape, np.nan), where=n > 0)


def effective_keys(amap: AttentionMap) -> FloatArray:
    """The number of keys with equal weights that have the entropy of a row.

    Formula: 2^H    Shapes: -> [layer, head, query]
    """
    return 2.0 ** entropy(amap)


def normalized_entropy(amap: AttentionMap) -> FloatArray:
    """The entropy of each row over its maximum; 0 where the maximum is 0.

    Formula: H / log₂(visible keys)    Shapes: -> [layer, head, query]
    """
    highest = max_entropy(amap)
    return np.divide(entropy(amap), highest, out=np.zeros_like(highest), where=highest > 0)


def top_mass(k: int) -> HeadValues:
    """The weight of each row on its k largest weights.    -> [layer, head, query]"""

    def mass(amap: AttentionMap) -> FloatArray:
        n = min(k, amap.weights.shape[-1])
        return np.partition(amap.weights, -n, -1)[..., -n:].sum(-1, dtype=np.float64)

    return mass


def top_share(amap: AttentionMap) -> FloatArray | None:
    """The share of the largest entry in the sum of its row, for heads without distributions.

    Of norms ‖α v W_O‖, it is what the strongest key contributes of all that is added up; of
    distributions it would be the largest weight.
    Formula: mean of max |A| / Σ |A| over the rows with weight    Shapes: -> [layer, head]
    """
    others = ~distribution_heads(amap)
    if not others.any():
        return None
    sizes = np.abs(amap.weights, dtype=np.float64)
    total = sizes.sum(-1)
    share = np.divide(sizes.max(-1), total, out=np.zeros_like(total), where=total > 0)
    return np.where(others, mean_or_nan(share, total > 0), np.nan)


def gini_index(amap: AttentionMap) -> FloatArray:
    """The Gini index of the weights on visible keys: 0 for equal ones, towards 1 for a single key.

    Formula: 1 − 2 Σ_r (w_(r) / Σ w) (N − r + ½) / N, with w_(1) ≤ … ≤ w_(N) of N visible keys
    Shapes: -> [layer, head, query]    Paper: 0811.4706
    """
    ascending = np.sort(amap.weights.astype(np.float64), -1)  # masked weights, 0, come first
    n_key, n = ascending.shape[-1], count_visible(amap)[..., None]
    from_largest = n_key - np.arange(n_key) - 0.5  # N − r + ½ of the visible ones
    total = ascending.sum(-1)
    area = (ascending * from_largest).sum(-1) / np.maximum(n[..., 0], 1)
    share = np.divide(area, total, out=np.full(total.shape, 0.5), where=total > 0)
    return 1.0 - 2.0 * share
