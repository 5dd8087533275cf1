"""Shape of a head's map: its symmetry, and the share that relative position explains."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import visible_pairs
from attnviz.measures.distance import offsets

ROUNDING = 1e-12  # variance of equal weights, relative to their squares


def symmetry(amap: AttentionMap) -> FloatArray | None:
    """How much queries and keys attend to each other: 1 for A = Aᵀ, 0 if no pair does.

    Formula: Σ A_ij A_ji / Σ A_ij² over the pairs i ≠ j that are visible both ways. NaN for heads
    without such pairs (causal maps), without weight on them or with negative weights; None for
    maps between two texts.
    Shapes: -> [layer, head]    Paper: 2502.10927, there of W_Q W_Kᵀ
    """
    if amap.queries != amap.keys:
        return None
    visible = visible_pairs(amap)
    both = visible & visible.swapaxes(-2, -1) & ~np.eye(len(amap.keys), dtype=bool)
    weights = np.where(both, amap.weights, 0.0).astype(np.float64)
    mutual = (weights * weights.swapaxes(-2, -1)).sum((-2, -1))
    squares = (weights**2).sum((-2, -1))
    ratio = np.divide(mutual, squares, out=np.full(mutual.shape, np.nan), where=squares > 0)
    return np.where(amap.weights.min((-2, -1)) < 0, np.nan, ratio)


def positional_share(amap: AttentionMap) -> FloatArray | None:
    """The share of the variance of weights that the relative position of the key explains.

    Formula: Σ_o n_o (mean_o − mean)² / Σ (A − mean)² over the visible pairs, o being key − query
    position (η² of a one-way analysis of variance). NaN for heads of equal weights; None for
    maps between two texts.
    Shapes: -> [layer, head]
    """
    offset = offsets(amap)
    if offset is None:
        return None
    group = (offset - offset.min()).ravel()
    n_group = int(group.max()) + 1
    visible = visible_pairs(amap)
    share = np.full(amap.weights.shape[:2], np.nan)
    for at in np.ndindex(*share.shape):
        shown = visible[at].ravel()
        weights = amap.weights[at].ravel()[shown].astype(np.float64)
        if not weights.size:
            continue
        centered = weights - weights.mean()
        total = float((centered**2).sum())
        if total <= ROUNDING * float((weights**2).sum()):
            continue
        n = np.bincount(group[shown], minlength=n_group)
        sums = np.bincount(group[shown], centered, minlength=n_group)
        share[at] = float((sums**2 / np.maximum(n, 1)).sum()) / total
    return share
