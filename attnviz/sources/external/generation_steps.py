"""Attention of a generation: the rows of all steps, joined into one map."""

from __future__ import annotations

from collections.abc import Sequence
from math import prod

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import InvalidInputError
from attnviz.sources.external.guesses import Reading
from attnviz.sources.external.raw_attention import RawAttention
from attnviz.sources.safe_read import check_budget


def join_steps(
    steps: Sequence[Sequence[FloatArray]], *, budget: int | None = None
) -> RawAttention:
    """Join the rows of all steps; keys of later steps are masked.

    `budget`: the bytes that the steps of a file may take when they are joined; None: no limit.

    Shapes: steps × layers of [batch, head, query, key], with more keys at each step
    -> [layer, batch, head, all queries, most keys]
    """
    first = steps[0][0].shape
    for number, step in enumerate(steps):
        fits = len(step) == len(steps[0]) and all(layer.shape == step[0].shape for layer in step)
        if not fits or step[0].ndim != 4 or step[0].shape[:2] != first[:2]:
            raise InvalidInputError(
                f"step {number} does not fit the others: each should have {len(steps[0])} layers "
                f"of [batch, head, query, key] with batch and heads {first[:2]}"
            )
    n_query = sum(step[0].shape[2] for step in steps)
    n_key = max(step[0].shape[3] for step in steps)
    shape = (len(steps[0]), *first[:2], n_query, n_key)
    if budget is not None:
        n_byte = prod(shape) * 2 * (steps[0][0].itemsize + 1)  # joined, and again in the map
        check_budget(n_byte, f"{len(steps):,} generation steps, joined to shape {shape},", budget)
    weights = np.zeros(shape, dtype=steps[0][0].dtype)
    visible = np.zeros(shape, dtype=bool)
    row = 0
    for step in steps:
        rows, keys = step[0].shape[2:]
        weights[..., row : row + rows, :keys] = np.stack(list(step))
        visible[..., row : row + rows, :keys] = True
        row += rows
    guesses = [f"joining {len(steps)} generation steps: {n_query} rows"]
    if first[0] > 1:
        guesses.append(
            Reading(
                "assuming that the batch holds sequences, not beams, which change order between "
                "steps"
            )
        )
    return RawAttention(
        weights=weights, axes="lbhqk", visible=visible, guesses=tuple(guesses), is_generation=True
    )
