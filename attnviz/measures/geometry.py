"""Shape of a head's map: its symmetry, and the share that relative position explains."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import visible_pairs
from attnviz.measures.distance import offsets

BLOCK_SIZE = 1 << 20  # pairs of tokens at once
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
    n_head, n_pair = amap.n_layer * amap.n_head, group.size
    weights = amap.weights.reshape(n_head, n_pair)
    visible = visible_pairs(amap).reshape(n_head, n_pair)
    n_at_once = max(1, BLOCK_SIZE // n_pair)
    shares = [
        explained_shares(weights[i : i + n_at_once], visible[i : i + n_at_once], group)
        for i in range(0, n_head, n_at_once)
    ]
    return np.concatenate(shares).reshape(amap.n_layer, amap.n_head)


def explained_shares(weights: FloatArray, visible: BoolArray, group: IntArray) -> FloatArray:
    """The share of the variance of visible weights that groups of pairs explain; or NaN.

    Shapes: weights, visible [head, pair]; group [pair], numbers from 0 on -> [head]
    """
    n_head, n_group = len(weights), int(group.max()) + 1
    n = visible.sum(1)
    shown = np.where(visible, weights, 0.0).astype(np.float64, copy=False)
    mean = shown.sum(1) / np.maximum(n, 1)
    centered = np.where(visible, shown - mean[:, None], 0.0)
    bins = (n_group * np.arange(n_head)[:, None] + group).ravel()
    sums = np.bincount(bins, centered.ravel(), n_group * n_head)
    sizes = np.maximum(np.bincount(bins[visible.ravel()], minlength=n_group * n_head), 1)
    explained = (sums**2 / sizes).reshape(n_head, n_group).sum(1)
    total = np.einsum("hp,hp->h", centered, centered)
    has_spread = total > ROUNDING * np.einsum("hp,hp->h", shown, shown)
    return np.divide(explained, total, out=np.full(n_head, np.nan), where=has_spread)
