"""What a generation gave, step by step, put together to one square of tokens."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.errors import InvalidInputError
from attnviz.sources.external.assemble import Found


def from_steps(steps: Sequence[Sequence[FloatArray]]) -> Found:
    """The rows of all steps below one another; keys that came later are hidden.

    Shapes: steps × layers of [batch, head, query, key], keys growing in number
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
    weights = np.zeros(shape, dtype=steps[0][0].dtype)
    visible = np.zeros(shape, dtype=bool)
    row = 0
    for step in steps:
        rows, keys = step[0].shape[2:]
        weights[..., row : row + rows, :keys] = np.stack(list(step))
        visible[..., row : row + rows, :keys] = True
        row += rows
    guessed = [f"{len(steps)} steps of a generation are put together: {n_query} rows"]
    if first[0] > 1:
        guessed.append("the batch is taken for sequences; beams would change places between steps")
    return Found(weights=weights, axes="lbhqk", visible=visible, guessed=tuple(guessed))
