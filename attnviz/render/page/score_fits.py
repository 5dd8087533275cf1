"""Score fits: the steps from query and key vectors to the weights, found from the weights.

The weights are then computed by the steps again: what agrees is shown step by step on the page,
anything else is not.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.subset import visible_pairs
from attnviz.render.page.score_steps import (
    ScoreSteps,
    compute_logits,
    compute_weights,
    distances,
    masked_exp,
    steps_record,
)

AGREEMENT = 1e-4  # the largest difference of a weight
SMALLEST = 1e-6  # weights from which the steps are found, and scales
SLACK = 1e-3  # how far below 1 the sum of a row is that leaves weight to a sink
MIN_SURPLUS = 3  # equations beyond the unknowns: fewer would agree with anything
MAX_WEIGHTS = 1 << 20  # of larger layers the steps are not determined
CAP_ITERATIONS = 30


def score_steps(amap: AttentionMap) -> list[dict[str, Any] | None]:
    """The steps of each layer as JSON; None where its weights do not follow from q·k by any."""
    query, key = amap.query_vectors, amap.key_vectors
    if query is None or key is None or amap.signed or amap.weights[:1].size > MAX_WEIGHTS:
        return [None] * amap.n_layer
    if query.shape[1] != key.shape[1] or query.shape[3] != key.shape[3]:
        return [None] * amap.n_layer
    visible = visible_pairs(amap)
    steps = [
        layer_steps(*arrays) for arrays in zip(query, key, amap.weights, visible, strict=True)
    ]
    return [None if each is None else steps_record(each) for each in steps]


def layer_steps(
    query: FloatArray, key: FloatArray, weights: FloatArray, visible: BoolArray
) -> ScoreSteps | None:
    """The steps of a layer, of q·k or of their cosine.

    Shapes: [head, query, d], [head, key, d], [head, query, key] twice
    """
    weights = weights.astype(np.float64)
    products = np.einsum("hqd,hkd->hqk", query, key, dtype=np.float64)
    steps = find_steps(products, weights, visible)
    if steps is not None:
        return steps
    lengths = vector_lengths(query)[:, :, None] * vector_lengths(key)[:, None]
    steps = find_steps(products / lengths, weights, visible)
    return None if steps is None else replace(steps, is_cosine=True)


def vector_lengths(vectors: FloatArray) -> FloatArray:
    """The length of each vector, 1 of the zero vector.    [..., d] -> [...]"""
    lengths = np.linalg.norm(vectors.astype(np.float64), axis=-1)
    return np.where(lengths > 0, lengths, 1.0)


def find_steps(products: FloatArray, weights: FloatArray, visible: BoolArray) -> ScoreSteps | None:
    """The first of the steps that agree with the weights, the simplest first.

    Shapes: each [head, query, key]
    """
    logs, used = log_weights(weights, visible)
    odds = used & (weights < 1.0 - SMALLEST)
    logits = logs - np.log1p(-weights, out=np.zeros_like(weights), where=odds)
    candidates: tuple[Callable[[], ScoreSteps | None], ...] = (
        lambda: fit_scale(products, logs, used),
        lambda: fit_sigmoid(products, logits, odds),
        lambda: fit_cap(products, logs, used),
        lambda: fit_bias(products, logs, used, visible),
    )
    for find in candidates:
        steps = find()
        if steps is None or not steps.scale > SMALLEST:
            continue
        if not steps.is_sigmoid:
            steps = with_sink(steps, products, weights, visible)
        computed = compute_weights(steps, products, visible)
        if np.abs(computed - weights).max(initial=0.0) <= AGREEMENT:
            return steps
    return None


def log_weights(weights: FloatArray, visible: BoolArray) -> tuple[FloatArray, BoolArray]:
    """log A where it is used, 0 elsewhere, and where: of visible weights that are not tiny.

    Shapes: [head, query, key] twice, which broadcast -> the same
    """
    used = visible & (weights > SMALLEST)
    return np.log(weights, out=np.zeros_like(weights), where=used), used


def center_rows(values: FloatArray, used: BoolArray) -> FloatArray:
    """The used values minus their mean in each row, 0 elsewhere.    [..., key] -> the same"""
    n = np.maximum(used.sum(-1, keepdims=True), 1)
    mean = np.where(used, values, 0.0).sum(-1, keepdims=True) / n
    return np.where(used, values - mean, 0.0)


def n_equation(used: BoolArray) -> int:
    """The equations of softmax weights: of each row, one less than its keys.    [..., key]"""
    return int(np.maximum(used.sum(-1) - 1, 0).sum())


def slope(x: FloatArray, y: FloatArray) -> float | None:
    """The slope of y over x through the origin, by least squares; None without a spread."""
    spread = float((x * x).sum())
    return float((x * y).sum()) / spread if spread > 0 else None


def fit_scale(products: FloatArray, logs: FloatArray, used: BoolArray) -> ScoreSteps | None:
    """A scale alone: within rows, log A = scale · q·k + constant.    [head, query, key]"""
    if n_equation(used) - 1 < MIN_SURPLUS:
        return None
    scale = slope(center_rows(products, used), center_rows(logs, used))
    return None if scale is None else ScoreSteps(scale)


def fit_sigmoid(products: FloatArray, logits: FloatArray, used: BoolArray) -> ScoreSteps | None:
    """Sigmoid, with one bias per head: log A / (1 − A) = scale · q·k + bias.

    Shapes: [head, query, key] each
    """
    n_head, n_query, n_key = products.shape
    if used.sum() - 1 - n_head < MIN_SURPLUS:
        return None
    x, y = products.reshape(n_head, -1), logits.reshape(n_head, -1)
    kept = used.reshape(n_head, -1)
    scale = slope(center_rows(x, kept), center_rows(y, kept))
    if scale is None:
        return None
    rest = np.where(kept, y - scale * x, 0.0).sum(-1) / np.maximum(kept.sum(-1), 1)
    if np.abs(rest).max(initial=0.0) < AGREEMENT:
        return ScoreSteps(scale, is_sigmoid=True)
    bias = np.repeat(rest[:, None], n_query + n_key - 1, axis=-1)
    return ScoreSteps(scale, bias=bias, is_sigmoid=True)


def fit_cap(products: FloatArray, logs: FloatArray, used: BoolArray) -> ScoreSteps | None:
    """Scale and soft cap: within rows, log A = cap · tanh(scale · q·k / cap) + constant.

    By Gauss–Newton in the scale and 1 / cap.    [head, query, key]
    """
    if n_equation(used) - 2 < MIN_SURPLUS:
        return None
    target = center_rows(logs, used)
    scale = slope(center_rows(products, used), target)
    if scale is None or scale <= SMALLEST:
        return None
    inverse = 0.5 / max(1.0, float(np.abs(scale * products).max(where=used, initial=0.0)))
    for _ in range(CAP_ITERATIONS):
        bend = np.tanh(inverse * scale * products)
        by_scale = products * (1.0 - bend**2)
        by_inverse = (scale * by_scale - bend / inverse) / inverse
        columns = [center_rows(each, used)[used] for each in (by_scale, by_inverse)]
        rest = (target - center_rows(bend / inverse, used))[used]
        change = np.linalg.lstsq(np.stack(columns, axis=-1), rest, rcond=None)[0]
        scale, inverse = scale + float(change[0]), inverse + float(change[1])
        if not (scale > SMALLEST and SMALLEST < inverse < 1.0 / SMALLEST):
            return None
    return ScoreSteps(scale, cap=1.0 / inverse)


def fit_bias(
    products: FloatArray, logs: FloatArray, used: BoolArray, visible: BoolArray
) -> ScoreSteps | None:
    """Scale and a bias per head and distance, 0 at the token itself; each distance has weights.

    Formula: log A_ij − log A_ii = scale · (q_i·k_j − q_i·k_i) + bias(j − i)
    Shapes: [head, query, key] each
    """
    n_query, n_key = products.shape[-2:]
    if n_query != n_key:
        return None
    n_distance, distance = n_query + n_key - 1, distances(products.shape)
    x, y = (each - each.diagonal(axis1=-2, axis2=-1)[..., None] for each in (products, logs))
    with_own = used.diagonal(axis1=-2, axis2=-1)[..., None]  # rows with weight on their token
    is_other = distance != n_query - 1
    off = used & with_own & is_other

    def sums(values: FloatArray) -> FloatArray:
        each = [
            np.bincount(distance[a], v[a], n_distance) for a, v in zip(off, values, strict=True)
        ]
        return np.array(each)

    count = sums(off.astype(np.float64))
    if (visible & is_other & (count[:, distance] == 0)).any():
        return None
    n_bias = np.count_nonzero(count)
    if off.sum() - n_bias - 1 < max(MIN_SURPLUS, n_bias / 2):
        return None

    def means(values: FloatArray) -> FloatArray:
        return np.asarray(sums(values) / np.maximum(count, 1))

    x_mean, y_mean = means(x), means(y)
    centered = [
        np.where(off, each - mean[..., distance], 0.0) for each, mean in ((x, x_mean), (y, y_mean))
    ]
    scale = slope(*centered)
    return None if scale is None else ScoreSteps(scale, bias=y_mean - scale * x_mean)


def with_sink(
    steps: ScoreSteps, products: FloatArray, weights: FloatArray, visible: BoolArray
) -> ScoreSteps:
    """The steps with the sink of each head, where rows leave weight: exp(sink) = Z (1 − Σ) / Σ.

    Shapes: [head, query, key] each
    """
    sums = weights.sum(-1)
    if (sums > 1.0 - SLACK).all():
        return steps
    mass, peak = masked_exp(compute_logits(steps, products), visible)
    total = np.log(np.maximum(mass.sum(-1), SMALLEST)) + peak[..., 0]
    known = (sums > SLACK) & (sums < 1.0 - SMALLEST)
    share = np.where(known, sums, 0.5)
    sinks = total + np.log1p(-share) - np.log(share)
    sink = np.where(known, sinks, 0.0).sum(-1) / np.maximum(known.sum(-1), 1)
    return replace(steps, sink=sink)
