"""The formula.

logits  = bias( scale · score( position(query), position(key) ) )
weights = normalize(logits, visible)          visible = mask(grid)
output  = weights @ value
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.grid import EVERYTHING, Grid, Place, Some
from attnviz.core.masks import Mask
from attnviz.core.part import Inputs
from attnviz.core.positions import Position
from attnviz.core.variant import Variant
from attnviz.errors import NumbersError

Watch = Callable[[str, Any], None]

LARGE = 1 << 14  # pairs: below, a mask is asked at once


class Block(NamedTuple):
    """Some of a layer's weights.    weights [head, query, key], visible broadcasts to the same

    `place` says which heads, queries and keys of the layer they are; the weights of keys that
    lie outside are 0.
    """

    place: Place
    weights: FloatArray
    visible: BoolArray


def unwatched(name: str, array: Any) -> None:
    """Nobody is looking."""


def compute_weights(
    variant: Variant, inputs: Inputs, watch: Watch = unwatched, place: Place = EVERYTHING
) -> Block:
    """The weights of a block, each stage shown to `watch` by its name.

    Queries and keys are already turned by their positions, and are those of the block.
    Shapes: [head, query, d], [head, key, d] -> [head, query, key]
    Raises NumbersError where a visible score is NaN or +inf.
    """
    visible = seen(variant.mask, inputs.grid)
    with np.errstate(invalid="ignore", over="ignore"):  # hidden places may hold anything
        if variant.whole is not None:
            weights = np.where(visible, variant.whole(inputs, visible), 0.0)
            refuse_bad_scores(weights, visible, inputs.grid)
            watch("visible", visible)
            watch("weights", weights)
            return Block(place, weights, visible)
        logits = variant.score(inputs)
        watch("scores", logits)
        logits = scaled(logits, variant.scale(inputs), kept=watch is not unwatched)
        watch("scaled", logits)
        for bias in variant.bias:
            logits = bias(logits, inputs)
            watch(str(bias), logits)
        logits = variant.heads.mix_logits(logits, inputs)
        visible = variant.normalize.narrow(logits, visible, inputs)
    refuse_bad_scores(logits, visible, inputs.grid)
    watch("logits", logits)
    watch("visible", visible)
    weights = variant.normalize(logits, visible, inputs)
    weights = variant.heads.mix_weights(weights, inputs)
    watch("weights", weights)
    return Block(place, weights, visible)


def scaled(scores: FloatArray, factor: Any, *, kept: bool) -> FloatArray:
    """Scores times a factor; in place where nobody keeps them.    -> [head, query, key]"""
    own = scores.base is None and scores.flags.writeable  # what lies elsewhere is a view
    if kept or not own or np.ndim(factor) or np.result_type(scores, factor) != scores.dtype:
        return scores * factor
    return np.multiply(scores, factor, out=scores)


def seen(mask: Mask, grid: Grid) -> BoolArray:
    """What a mask shows; large grids ask it only for keys that are in doubt.

    Shapes: -> broadcasts to [head, query, key]
    """
    if grid.row.size * grid.k.size < LARGE:
        return mask(grid)
    some, every = mask.bounds(grid)
    if every.all():
        return np.ones((1, 1, 1), dtype=bool)
    doubtful = np.flatnonzero(some & ~every)
    shown = mask(grid.part(Place(keys=doubtful)))
    visible = np.empty((len(shown), grid.row.size, grid.k.size), dtype=bool)
    visible[:] = every
    visible[..., doubtful] = shown
    return visible


def turned(variant: Variant, inputs: Inputs) -> Inputs:
    """Queries and keys, turned by their positions."""
    grid, turn = inputs.grid, variant.position.turn
    if type(variant.position).turn is Position.turn:
        return inputs
    return replace(
        inputs,
        query=turn(inputs.query, grid.q[0, :, 0], "query"),
        key=turn(inputs.key, grid.k[0, 0], "key"),
    )


def refuse_bad_scores(logits: FloatArray, visible: BoolArray, grid: Grid) -> None:
    """NaN and +inf have no share that could be computed."""
    if logits.max(initial=-np.inf) < np.inf:
        return
    bad: BoolArray = np.logical_and(np.logical_not(logits < np.inf), visible)
    if bad.any():
        at = tuple(np.argwhere(bad)[0])
        value = np.broadcast_to(logits, bad.shape)[at]
        head, query, key = (
            int(axis.ravel()[i]) for axis, i in zip((grid.h, grid.row, grid.k), at, strict=True)
        )
        raise NumbersError(
            f"the score of head {head}, query {query}, key {key} is {value}; "
            "attention needs numbers below infinity"
        )


def combine(weights: FloatArray, value: FloatArray, place: Place = EVERYTHING) -> FloatArray:
    """What each query takes from the values; a value that nobody weighs cannot leak.

    `place` is where weights and values lie in their layer.
    Shapes: [head, query, key], [head, key, d] -> [head, query, d]
    Raises NumbersError where a value that is weighed is NaN or infinite.
    """
    good = np.isfinite(value)
    if good.all():
        return weights @ value
    lost: BoolArray = np.logical_not(np.all(good, axis=-1))  # [head, key]
    taken = (weights != 0) & lost[:, None, :]
    if taken.any():
        head, query, key = np.argwhere(taken)[0]
        raise NumbersError(
            f"the value of head {nth(place.heads, head)}, key {nth(place.keys, key)} is not "
            f"finite, and query {nth(place.rows, query)} looks at it"
        )
    return weights @ np.where(good, value, 0.0)


def nth(some: Some, i: int) -> int:
    """The number that the i-th of some members has among all."""
    return int(i + (some.start or 0) if isinstance(some, slice) else some[i])
