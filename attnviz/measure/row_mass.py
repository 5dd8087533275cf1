"""What a row spends on its keys, and what it spends on nothing.

Sinks, gates and hidden keys make rows that sum to less than 1. Such a row is never scaled up
here: what is missing counts as spent on "nothing", an outcome beside the keys.
"""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import seen
from attnviz.errors import MisuseError

# how far rounding may carry the sum of a row, by the binary digits its numbers make use of
TOLERANCES = ((8, 2.0**-7), (11, 2.0**-10), (24, 1e-5), (53, 1e-9))


def tolerance(weights: FloatArray) -> float:
    """How far from 1 a row may sum, by the precision its numbers came with.

    Numbers that fit in bfloat16 or float16 are taken to have been rounded to it, whatever
    type holds them now.    [...] -> a number
    """
    sample = weights.ravel()[:: max(1, weights.size // 1000)]
    own = np.finfo(np.result_type(weights, np.float16)).nmant + 1
    for digits, allowed in TOLERANCES[:-1]:
        if own <= digits or (fits(sample, digits) and fits(weights, digits)):
            return allowed
    return TOLERANCES[-1][1]


def fits(numbers: FloatArray, digits: int) -> bool:
    """Whether so many binary digits say all of each number.    [...] -> yes or no"""
    whole = np.frexp(numbers.astype(np.float64))[0] * 2.0**digits
    return bool((whole == np.rint(whole)).all())


def is_shared_out(amap: AttentionMap) -> bool:
    """Whether every row is shares of at most one whole: nothing negative, no sum above 1."""
    allowed = 1.0 + tolerance(amap.weights)
    weights = amap.weights
    return bool(((weights >= 0) & (weights <= allowed)).all() and (amap.spent <= allowed).all())


def require_shares(amap: AttentionMap, what: str) -> None:
    """Refuse a map whose rows are no shares of one whole; `what` would have no meaning."""
    if not is_shared_out(amap):
        raise MisuseError(
            f"{what} needs rows of shares, not negative and with a sum of at most 1; this map "
            f"has weights from {amap.weights.min():.3g} and row sums up to {amap.spent.max():.3g}"
        )


def nothing(amap: AttentionMap) -> FloatArray:
    """What each row does not spend on any key; 0 where rounding explains it.

    Formula: 1 − Σ A    Shapes: -> [layer, head, query]
    """
    missing = 1.0 - amap.spent
    return np.where(missing > tolerance(amap.weights), missing, 0.0)


def outcomes(amap: AttentionMap) -> FloatArray:
    """The weights of each row, then what it spends on nothing.

    Shapes: -> [layer, head, query, key + 1]
    """
    return np.concatenate([amap.weights.astype(np.float64), nothing(amap)[..., None]], axis=-1)


def n_visible(amap: AttentionMap) -> IntArray:
    """How many keys each query may look at.    -> [layer, head, query]"""
    visible = seen(amap)
    return visible.sum(-1)


def mean_over(values: FloatArray, rows: BoolArray) -> FloatArray:
    """The mean over those rows only; 0 for a head that has none.

    Shapes: [layer, head, query], [layer, head, query] -> [layer, head]
    """
    total, n = np.where(rows, values, 0.0).sum(-1), rows.sum(-1)
    return np.divide(total, n, out=np.zeros_like(total), where=n > 0)
