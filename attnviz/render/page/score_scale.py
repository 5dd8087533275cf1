"""Score scale: whether the weights of a map are softmax(scale · q·k), so that a page can show how.

Positions that rotate queries and keys are part of the vectors; biases, soft caps and sinks are
not. The scale is found from the weights, and then the weights are computed with it again: what
agrees is shown step by step, anything else is not.
"""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import visible_pairs

AGREEMENT = 1e-4  # the largest difference of a weight
SMALLEST = 1e-6  # weights from which the scale is found, and scales
DIGITS = 6  # significant ones of the scale, which float32 weights give
MAX_WEIGHTS = 1 << 22  # of larger maps the scale is not determined


def score_scale(amap: AttentionMap) -> float | None:
    """The scale of the scores of all heads; None where weights are no such softmax.

    Formula: A_ij = exp(s q_i·k_j) / Σ_j exp(s q_i·k_j) over the visible keys, within AGREEMENT
    """
    query, key = amap.query_vectors, amap.key_vectors
    if query is None or key is None or amap.signed:
        return None
    if query.shape[1] != key.shape[1] or query.shape[3] != key.shape[3]:
        return None
    if amap.weights.size > MAX_WEIGHTS:
        return None
    scale: float | None = None
    for layer in range(amap.n_layer):
        products = np.einsum("hqd,hkd->hqk", query[layer], key[layer], dtype=np.float64)
        weights = amap.weights[layer].astype(np.float64)
        scale = find_scale(products, weights) if scale is None else scale
        if scale is None or scale < SMALLEST:
            return None
        visible = visible_pairs(amap)[layer]
        if np.abs(masked_softmax(scale * products, visible) - weights).max() > AGREEMENT:
            return None
    return None if scale is None else float(f"{scale:.{DIGITS}g}")


def find_scale(products: FloatArray, weights: FloatArray) -> float | None:
    """The slope of log A over q·k within rows, by least squares; None without two weights.

    Shapes: [head, query, key], [head, query, key] -> a number
    """
    used = weights > SMALLEST
    n = np.maximum(used.sum(-1, keepdims=True), 1)
    logs = np.log(weights, out=np.zeros_like(weights), where=used)
    from_means = [
        np.where(used, each - np.where(used, each, 0.0).sum(-1, keepdims=True) / n, 0.0)
        for each in (products, logs)
    ]
    spread = float((from_means[0] ** 2).sum())
    return float((from_means[0] * from_means[1]).sum()) / spread if spread > 0 else None


def masked_softmax(logits: FloatArray, visible: BoolArray) -> FloatArray:
    """exp(logits) over its sum, of the visible keys; 0 in rows without any.

    Shapes: [head, query, key], broadcasts to [head, query, key] -> [head, query, key]
    """
    shown = np.where(visible, logits, -np.inf)
    peak = shown.max(-1, keepdims=True)
    mass = np.exp(shown - np.where(np.isfinite(peak), peak, 0.0))
    total = mass.sum(-1, keepdims=True)
    return np.divide(mass, total, out=np.zeros_like(mass), where=total > 0)
