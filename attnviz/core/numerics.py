"""Numerically safe functions: softmax, sigmoid, softplus, unit vectors, normalization of rows."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray

# A row whose exponentials sum to a number in this range needs no shift: nothing has overflowed,
# and nothing that matters has underflowed.
SAFE_SUM_RANGE = 1e-6, 1e30


def softmax(logits: FloatArray, visible: BoolArray) -> FloatArray:
    """exp(S) / Σ exp(S) over the visible keys; rows without visible keys are zero.

    The row maximum is subtracted only in rows whose exponentials would underflow or overflow,
    because the subtraction rounds. Each row is computed independently of the others.
    Shapes: [..., key], [..., key] -> [..., key]
    """
    scores = mask_scores(logits, visible)
    with np.errstate(over="ignore"):
        mass = np.exp(scores)
        total = mass.sum(-1, keepdims=True)
    unsafe = ~is_safe_sum(total)[..., 0]
    if unsafe.any():
        shifted = np.exp(subtract_row_max(scores[unsafe]))
        mass[unsafe], total[unsafe] = shifted, shifted.sum(-1, keepdims=True)
        total[total == 0] = 1.0
    return np.divide(mass, total, out=mass)


def is_safe_sum(total: FloatArray) -> BoolArray:
    """Whether each sum of exponentials is in SAFE_SUM_RANGE; NaN is not.    [...] -> [...]"""
    safe: BoolArray = (total >= SAFE_SUM_RANGE[0]) & (total <= SAFE_SUM_RANGE[1])
    return safe


def mask_scores(logits: FloatArray, visible: BoolArray) -> FloatArray:
    """The scores, -inf where masked.    [..., key], [..., key] -> [..., key]"""
    if visible.all():
        return logits
    scores = logits.copy()
    fill_masked(scores, visible, -np.inf)
    return scores


def fill_masked(array: FloatArray, visible: BoolArray, value: float) -> None:
    """Write a value where a mask is False.    [..., key], [..., key]"""
    if visible.all():
        return
    # Most keys of a block are visible to all its queries: only the others are written.
    partly_masked = np.flatnonzero(~visible.all(axis=tuple(range(visible.ndim - 1))))
    keys = slice(None)
    if visible.shape[-1] > 1:
        keys = slice(partly_masked[0], partly_masked[-1] + 1)
    np.copyto(array[..., keys], value, where=~visible[..., keys])


def subtract_row_max(scores: FloatArray) -> FloatArray:
    """Scores minus the maximum of their row; -inf stays.    [..., key] -> [..., key]"""
    peak = scores.max(-1, keepdims=True, initial=-np.inf)
    return scores - np.where(np.isneginf(peak), 0.0, peak).astype(scores.dtype)


def sigmoid(x: FloatArray) -> FloatArray:
    """1 / (1 + exp(-x)), without overflow.    [...] -> [...]"""
    small = np.exp(-np.abs(x))
    return np.where(x >= 0, 1.0, small) / (1.0 + small)


def silu(x: FloatArray) -> FloatArray:
    """x σ(x)    [...] -> [...]"""
    return x * sigmoid(x)


def softplus(x: FloatArray) -> FloatArray:
    """log(1 + exp(x)), without overflow.    [...] -> [...]"""
    return np.logaddexp(0.0, x)


def unit_vectors(vectors: FloatArray) -> FloatArray:
    """x / |x|; zero vectors stay zero.    [..., d] -> [..., d]"""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length != 0)


def divide_by_row_sum(mass: FloatArray) -> FloatArray:
    """Each row divided by its sum; zero where the sum is not positive.    [..., key] -> same"""
    total = mass.sum(-1, keepdims=True)
    return np.divide(mass, total, out=np.zeros_like(mass), where=total > 0)


def exclusive_suffix_sum(values: FloatArray) -> FloatArray:
    """Σ of the values at later keys.    [..., key] -> [..., key]"""
    sums = np.zeros_like(values)
    sums[..., :-1] = np.cumsum(values[..., :0:-1], axis=-1)[..., ::-1]
    return sums
