"""Numerics that several parts share: softmax, sigmoid, softplus, unit vectors, shares of a sum."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray

CALM = 1e-6, 1e30  # a row whose exponentials sum to this much lost nothing on the way


def softmax(logits: FloatArray, visible: BoolArray) -> FloatArray:
    """exp(S) / Σ exp(S) over the visible keys; rows without any are zero.

    The largest score is taken off those rows only whose exponentials would fade or overflow:
    the others are spared its rounding. Each row decides for itself.
    Shapes: [..., key], [..., key] -> [..., key]
    """
    shown = only(logits, visible)
    with np.errstate(over="ignore"):
        mass = np.exp(shown)
        total = mass.sum(-1, keepdims=True)
    wild = ~((total >= CALM[0]) & (total <= CALM[1]))[..., 0]
    if wild.any():
        tamed = np.exp(below_peak(shown[wild]))
        mass[wild], total[wild] = tamed, tamed.sum(-1, keepdims=True)
        total[total == 0] = 1.0
    return np.divide(mass, total, out=mass)


def only(logits: FloatArray, visible: BoolArray) -> FloatArray:
    """The scores, -inf where hidden.    [..., key], [..., key] -> [..., key]"""
    if visible.all():
        return logits
    shown = logits.copy()
    doubtful = np.flatnonzero(~visible.all(axis=tuple(range(visible.ndim - 1))))
    part = slice(doubtful[0], doubtful[-1] + 1) if visible.shape[-1] > 1 else slice(None)
    np.copyto(shown[..., part], -np.inf, where=~visible[..., part])
    return shown


def below_peak(shown: FloatArray) -> FloatArray:
    """How far each score is below the best of its row; -inf stays.    [..., key] -> [..., key]"""
    peak = shown.max(-1, keepdims=True, initial=-np.inf)
    return shown - np.where(np.isneginf(peak), 0.0, peak).astype(shown.dtype)


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


def unit(vectors: FloatArray) -> FloatArray:
    """Vectors of length 1, or 0 where there is no direction.    [..., d] -> [..., d]"""
    length = np.linalg.norm(vectors, axis=-1, keepdims=True)
    return np.divide(vectors, length, out=np.zeros_like(vectors), where=length != 0)


def share_of_sum(mass: FloatArray) -> FloatArray:
    """Each number's share of its row's sum; a row whose sum is 0 stays 0.    [..., key] -> same"""
    total = mass.sum(-1, keepdims=True)
    return np.divide(mass, total, out=np.zeros_like(mass), where=total > 0)


def after(values: FloatArray) -> FloatArray:
    """The sum of what stands behind each key.    [..., key] -> [..., key]"""
    behind = np.zeros_like(values)
    behind[..., :-1] = np.cumsum(values[..., :0:-1], axis=-1)[..., ::-1]
    return behind
