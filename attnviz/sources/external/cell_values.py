"""Cells that are no weights: NaN for masked pairs, and scores before the softmax."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.numerics import softmax
from attnviz.errors import InvalidInputError, MisuseError

LEAST_WEIGHT = -9e3  # programs add at least -1e4 to masked scores; signed weights are above
MASKED_SCORE = -6e4  # a score at or below it is masked: −∞, or the least number of its type
LARGEST = 1e30  # below it, sums of all weights are float32
SUM_TOLERANCE = 1e-2


class CellValues(NamedTuple):
    """Weights without NaN and −∞, the visible pairs, rows of NaN, and sentences.

    `nan_rows` holds [layer, head, queries] for each head with such rows, indices of the axes.
    Shapes: weights [layer, head, query, key], visible broadcasts to the same, None: no mask
    """

    weights: FloatArray
    visible: BoolArray | None
    nan_rows: list[list[Any]]
    guesses: tuple[str, ...] = ()


def mask_nan(weights: FloatArray, visible: BoolArray | None) -> CellValues:
    """NaN in whole rows, or in all later keys of each row that has any, as masked pairs.

    Softmax over a fully masked row is NaN; plots of causal attention leave out later keys as
    NaN. Other NaN stays, and NaN everywhere, which a map refuses.
    Shapes: [layer, head, query, key]
    """
    is_nan = np.asarray(np.isnan(weights))
    rows = np.asarray(is_nan.all(-1))
    n_query, n_key = weights.shape[-2:]
    later = np.arange(n_key) > (np.arange(n_query) + n_key - n_query)[:, None]
    triangles = (is_nan == later).all(-1) & later.any(-1)
    if not is_nan.any() or rows.all() or (is_nan & ~(rows | triangles)[..., None]).any():
        return CellValues(weights, visible, [])
    n_row = int(rows.sum())
    guesses = [f"{n_row} row{'s' * (n_row != 1)} of NaN, shown as masked"] if n_row else []
    if (triangles & ~rows).any():
        guesses.append("NaN at later keys, shown as masked")
    nan_rows = [
        [layer, head, np.flatnonzero(rows[layer, head]).tolist()]
        for layer, head in np.argwhere(rows.any(-1)).tolist()
    ]
    kept = ~is_nan if visible is None else visible & ~is_nan
    return CellValues(np.where(is_nan, 0, weights), kept, nan_rows, tuple(guesses))


def refuse_scores(weights: FloatArray) -> None:
    """Raise InvalidInputError for values that only masked scores have, or that no sum can hold."""
    lowest, highest = float(weights.min(initial=0.0)), float(weights.max(initial=0.0))
    if LARGEST <= highest < np.inf:
        raise InvalidInputError(f"values up to {highest:.3g} are no attention weights")
    if lowest <= LEAST_WEIGHT:
        raise InvalidInputError(
            f"values down to {lowest:.3g} are scores before the softmax, with masked ones; add "
            "--softmax"
        )


def apply_softmax(
    scores: FloatArray, visible: BoolArray | None, masked: Sequence[BoolArray]
) -> tuple[FloatArray, BoolArray | None, str]:
    """The weights of scores, the visible pairs, and a sentence.

    Shapes: scores [layer, head, query, key], visible and each of masked broadcast to the same
    Raises MisuseError for values that are weights already.
    """
    sums = scores.sum(-1, where=scores > MASKED_SCORE)
    if (scores >= 0).all() and (np.abs(sums - 1) <= SUM_TOLERANCE).all():
        raise MisuseError("--softmax has no effect on weights: all rows sum to 1")
    kept = scores > MASKED_SCORE
    for other in (*([] if visible is None else [visible]), *(~pairs for pairs in masked)):
        kept = kept & other
    note = "weights are the softmax of the scores in the file"
    return softmax(scores, kept), None if kept.all() else kept, note
