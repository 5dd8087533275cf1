"""Score steps: how the weights of a map follow from its query and key vectors, for the page.

The scale, a soft cap, a bias of the distance, softmax with or without a sink, or sigmoid.
Positions that rotate queries and keys are part of the vectors.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.record import Record

DIGITS = 6  # significant ones of what is found, which float32 weights have
MAX_EXPONENT = 700.0  # of the exponential function in float64


class ScoreSteps(Record, eq=False):
    """The steps of a layer: z = scale · q·k, cap · tanh(z / cap), plus the bias of a distance.

    Then weights are softmax, with exp(sink) added to the sum, or sigmoid. `is_cosine`: in place
    of q·k stands q·k / ‖q‖‖k‖.
    Shapes: bias [head, distance], of j − i from 1 − n_query on; sink [head]
    """

    scale: float
    cap: float | None = None
    bias: FloatArray | None = None
    sink: FloatArray | None = None
    is_sigmoid: bool = False
    is_cosine: bool = False


def steps_record(steps: ScoreSteps) -> dict[str, Any]:
    """The steps as JSON."""
    return {
        "scale": round_number(steps.scale),
        "cap": None if steps.cap is None else round_number(steps.cap),
        "bias": None if steps.bias is None else np.round(steps.bias, DIGITS).tolist(),
        "sink": None if steps.sink is None else np.round(steps.sink, DIGITS).tolist(),
        "sigmoid": steps.is_sigmoid,
        "cosine": steps.is_cosine,
    }


def round_number(value: float) -> float:
    """A number with the digits that float32 weights determine."""
    return float(f"{value:.{DIGITS}g}")


def compute_weights(steps: ScoreSteps, products: FloatArray, visible: BoolArray) -> FloatArray:
    """The weights by the steps.    [head, query, key] -> the same"""
    logits = compute_logits(steps, products)
    if steps.is_sigmoid:
        bounded = np.clip(logits, -MAX_EXPONENT, MAX_EXPONENT)
        return np.where(visible, 1.0 / (1.0 + np.exp(-bounded)), 0.0)
    return masked_softmax(logits, visible, steps.sink)


def compute_logits(steps: ScoreSteps, products: FloatArray) -> FloatArray:
    """The logits by the steps.    [head, query, key] -> the same"""
    logits = steps.scale * products
    if steps.cap is not None:
        logits = steps.cap * np.tanh(logits / steps.cap)
    if steps.bias is not None:
        logits = logits + steps.bias[..., distances(products.shape)]
    return logits


def distances(shape: tuple[int, ...]) -> Any:
    """The index of the distance j − i, from 0 for 1 − n_query.    -> [query, key]"""
    n_query, n_key = shape[-2:]
    return np.arange(n_key) - np.arange(n_query)[:, None] + n_query - 1


def masked_exp(logits: FloatArray, visible: BoolArray) -> tuple[FloatArray, FloatArray]:
    """exp(logits − peak) of the visible keys, and the peak: the largest of each row.

    Shapes: [..., query, key] twice -> [..., query, key], [..., query, 1]
    """
    shown = np.where(visible, logits, -np.inf)
    peak = shown.max(-1, keepdims=True)
    peak = np.where(np.isfinite(peak), peak, 0.0)
    return np.exp(shown - peak), peak


def masked_softmax(
    logits: FloatArray, visible: BoolArray, sink: FloatArray | None = None
) -> FloatArray:
    """exp(logits) over their sum and exp(sink), of the visible keys; 0 in rows without any.

    Shapes: [..., query, key], broadcasts to [..., query, key], [...] -> [..., query, key]
    """
    mass, peak = masked_exp(logits, visible)
    total = mass.sum(-1, keepdims=True)
    if sink is not None:
        total = total + np.exp(np.minimum(sink[..., None, None] - peak, MAX_EXPONENT))
    return np.divide(mass, total, out=np.zeros_like(mass), where=total > 0)
