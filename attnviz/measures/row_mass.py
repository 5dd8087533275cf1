"""Row sums, and the remainder: 1 − the row sum, the weight on none of the keys.

Attention sinks, gates and dropped keys make rows that sum to less than 1. Such rows are never
renormalized here: the remainder counts as one more outcome of the row's distribution.
"""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.measures.once_per_map import once_per_map

# (significant bits of the weights, how far rounding may move their row sums)
TOLERANCES = ((8, 2.0**-7), (11, 2.0**-10), (24, 1e-5), (53, 1e-9))


def row_sum_tolerance(weights: FloatArray) -> float:
    """How far from 1 row sums may be, given the precision of the weights.    [...] -> a number"""
    return float(row_sum_tolerances(weights.reshape(1, 1, -1))[0, 0])


def row_sum_tolerances(weights: FloatArray) -> FloatArray:
    """How far from 1 the row sums of each head may be, given the precision of its weights.

    Weights that bfloat16 or float16 represent exactly are assumed to have been rounded to it,
    whatever their type is now.    [layer, head, ...] -> [layer, head]
    """
    values = weights.reshape(*weights.shape[:2], -1)
    samples = values[..., :: max(1, values.shape[-1] // 1000)]
    type_bits = np.finfo(np.result_type(weights, np.float16)).nmant + 1
    tolerances = np.full(values.shape[:2], TOLERANCES[-1][1])
    unknown = np.ones(values.shape[:2], dtype=bool)
    for bits, tolerance in TOLERANCES[:-1]:
        may_fit = unknown & ((type_bits <= bits) | fits_precision(samples, bits))
        for at in map(tuple, np.argwhere(may_fit)):
            if type_bits <= bits or fits_precision(values[at], bits):
                tolerances[at], unknown[at] = tolerance, False
    return tolerances


def fits_precision(values: FloatArray, bits: int) -> BoolArray:
    """Whether `bits` significant bits represent each value of a head.    [..., value] -> [...]"""
    significand = np.frexp(values.astype(np.float64))[0] * 2.0**bits
    fits: BoolArray = (significand == np.rint(significand)).all(-1)
    return fits


@once_per_map
def map_tolerances(amap: AttentionMap) -> FloatArray:
    """`row_sum_tolerances` of a map.    -> [layer, head]"""
    return row_sum_tolerances(amap.weights)


@once_per_map
def has_distribution_rows(amap: AttentionMap) -> bool:
    """Whether rows are distributions (with a remainder): no weight below 0, no sum above 1."""
    return bool(distribution_heads(amap).all())


@once_per_map
def distribution_heads(amap: AttentionMap) -> BoolArray:
    """Which heads have rows that are distributions, with a remainder.    -> [layer, head]"""
    limit = 1.0 + map_tolerances(amap)
    least = amap.weights.min((-2, -1), initial=0.0)
    most = amap.weights.max((-2, -1), initial=0.0)
    return (least >= 0) & (most <= limit) & (amap.row_sums <= limit[..., None]).all(-1)


def require_distribution_rows(amap: AttentionMap, what: str) -> None:
    """Refuse a map whose rows are not distributions, for which `what` is not defined."""
    if not has_distribution_rows(amap):
        raise MisuseError(
            f"{what} needs non-negative rows that sum to at most 1; this map has weights "
            f"from {amap.weights.min():.3g} and row sums up to {amap.row_sums.max():.3g}"
        )


@once_per_map
def row_remainders(amap: AttentionMap) -> FloatArray:
    """The weight of each row on none of the keys; 0 if it is within rounding error.

    Formula: 1 − Σ A    Shapes: -> [layer, head, query]
    """
    remainders = 1.0 - amap.row_sums
    return np.where(remainders > map_tolerances(amap)[..., None], remainders, 0.0)


def weights_and_remainder(amap: AttentionMap) -> FloatArray:
    """The weights of each row, followed by its remainder.

    Shapes: -> [layer, head, query, key + 1]
    """
    return np.concatenate(
        [amap.weights.astype(np.float64), row_remainders(amap)[..., None]], axis=-1
    )


@once_per_map
def count_visible(amap: AttentionMap) -> IntArray:
    """The number of keys visible to each query.    -> [layer, head, query]"""
    shape = amap.weights.shape
    if amap.visible is None:
        return np.broadcast_to(shape[-1], shape[:-1])
    seen = np.broadcast_to(amap.visible, (*amap.visible.shape[:2], *shape[2:]))
    return np.broadcast_to(seen.sum(-1), shape[:-1])


def mean_over_rows(values: FloatArray, rows: BoolArray) -> FloatArray:
    """The mean over the selected rows; 0 for a head without any.

    Shapes: [..., query], broadcasts to [..., query] -> [...]
    """
    total, n = np.where(rows, values, 0.0).sum(-1), rows.sum(-1)
    return np.divide(total, n, out=np.zeros_like(total), where=n > 0)
