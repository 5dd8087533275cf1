"""Attention: the formula over one block of queries and keys.

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
from attnviz.core.grid import FULL_BLOCK, AxisIndex, BlockIndex, Grid
from attnviz.core.inputs import Inputs
from attnviz.core.masks import Full, Mask, align_queries
from attnviz.core.variant import Variant
from attnviz.errors import NumbersError

StageCallback = Callable[[str, Any], None]

BOUNDS_THRESHOLD = 1 << 14  # pairs: below this, evaluating the whole mask is cheaper

IGNORED: dict[str, Any] = dict.fromkeys(("invalid", "over", "divide"), "ignore")
QUERIES_PER_STEP = 256  # in which a mask is evaluated to find hidden keys


class Block(NamedTuple):
    """Weights of some heads, queries and keys of a layer.

    Shapes: weights [head, query, key], visible broadcasts to the same

    `indices` locate the block in the layer; weights on keys outside the block are 0.
    """

    indices: BlockIndex
    weights: FloatArray
    visible: BoolArray


def compute_weights(
    variant: Variant,
    inputs: Inputs,
    on_stage: StageCallback | None = None,
    indices: BlockIndex = FULL_BLOCK,
) -> Block:
    """The weights of a block; `on_stage` receives the name and array of every stage.

    `inputs` are those of the block at `indices`; `apply_positions` has rotated them.
    Shapes: [head, query, d], [head, key, d] -> [head, query, key]
    Raises NumbersError where a visible score is NaN or +inf, or the weights are not finite.
    """
    with np.errstate(**IGNORED):  # what matters of it is checked: the scores and the weights
        try:
            block = compute_unchecked_weights(variant, inputs, on_stage, indices)
        except np.linalg.LinAlgError as error:
            raise NumbersError(f"variant {variant.name!r}: {error}") from None
    if not all_finite(block.weights):
        raise NumbersError(
            f"the weights of variant {variant.name!r} are not finite: numbers, or tunables, are "
            "too large or too small"
        )
    return block


def compute_unchecked_weights(
    variant: Variant, inputs: Inputs, on_stage: StageCallback | None, indices: BlockIndex
) -> Block:
    """The weights of a block, of which only the scores are checked.

    Shapes: [head, query, d], [head, key, d] -> [head, query, key]
    """

    def report(stage: str, array: Any) -> None:
        if on_stage is not None:
            on_stage(stage, array)

    visible = evaluate_mask(variant.mask, inputs.grid)
    if variant.mixer is not None:
        weights = np.where(visible, variant.mixer(inputs, visible), 0.0)
        check_scores(weights, visible, inputs.grid)
        report("visible", visible)
        report("weights", weights)
        return Block(indices, weights, visible)
    logits = variant.score(inputs)
    report("scores", logits)
    logits = apply_scale(logits, variant.scale(inputs), in_place=on_stage is None)
    report("scaled", logits)
    for bias in variant.bias:
        logits = bias(logits, inputs)
        report(str(bias), logits)
    logits = variant.heads.mix_logits(logits, inputs)
    visible = variant.normalize.restrict_visible(logits, visible, inputs)
    check_scores(logits, visible, inputs.grid)
    report("logits", logits)
    report("visible", visible)
    weights = variant.normalize(logits, visible, inputs)
    report("normalized", weights)
    weights = variant.heads.mix_weights(weights, inputs)
    report("weights", weights)
    return Block(indices, weights, visible)


def apply_scale(scores: FloatArray, factor: Any, *, in_place: bool) -> FloatArray:
    """Scores times a factor; `in_place` allows the scores to be overwritten.

    Shapes: [head, query, key] -> [head, query, key]
    """
    owns_memory = scores.base is None and scores.flags.writeable  # a view belongs to others
    keeps_dtype = not np.ndim(factor) and np.result_type(scores, factor) == scores.dtype
    if in_place and owns_memory and keeps_dtype:
        return np.multiply(scores, factor, out=scores)
    return scores * factor


def evaluate_mask(mask: Mask, grid: Grid) -> BoolArray:
    """The visible pairs; for a large grid, the mask is evaluated only where its bounds differ.

    Shapes: -> broadcasts to [head, query, key]
    """
    if type(mask) is Full or grid.query_index.size * grid.k.size < BOUNDS_THRESHOLD:
        return mask(grid)
    some, every = mask.bounds(grid)
    if every.all():
        return np.ones((1, 1, 1), dtype=bool)
    undecided = np.flatnonzero(some & ~every)
    decided = mask(grid.select_block(BlockIndex(keys=undecided)))
    visible = np.empty((len(decided), grid.query_index.size, grid.k.size), dtype=bool)
    visible[:] = every
    visible[..., undecided] = decided
    return visible


def apply_positions(variant: Variant, inputs: Inputs) -> Inputs:
    """The inputs with positioned and rotated queries and keys, and hidden keys marked."""
    grid = align_queries(variant.mask, inputs.grid)
    if grid is not inputs.grid:
        inputs = replace(inputs, grid=grid)
    if any(part.needs_hidden_keys for part in variant.parts):
        inputs = replace(inputs, hidden_keys=find_hidden_keys(variant.mask, inputs.grid))
    if not variant.position.rotates:
        return inputs
    grid, rotate = inputs.grid, variant.position.rotate
    with np.errstate(**IGNORED):  # tokens that are masked may be NaN or infinite
        query = rotate(inputs.query, grid.q[0, :, 0], "query")
        return replace(inputs, query=query, key=rotate(inputs.key, grid.k[0, 0], "key"))


def find_hidden_keys(mask: Mask, grid: Grid) -> BoolArray:
    """The keys that are masked for every query.    -> [head | 1, key]"""
    hidden: BoolArray = np.ones((1, grid.k.size), dtype=bool)
    for start in range(0, grid.query_index.size, QUERIES_PER_STEP):
        queries = slice(start, start + QUERIES_PER_STEP)
        visible = mask(grid.select_block(BlockIndex(queries=queries)))
        hidden = hidden & ~visible.any(axis=-2)
    return hidden


def check_scores(logits: FloatArray, visible: BoolArray, grid: Grid) -> None:
    """Check that no visible score is NaN or +inf; otherwise raise NumbersError."""
    if logits.max(initial=-np.inf) < np.inf:
        return
    bad: BoolArray = np.logical_and(np.logical_not(logits < np.inf), visible)
    if bad.any():
        first = tuple(np.argwhere(bad)[0])
        value = np.broadcast_to(logits, bad.shape)[first]
        head, query, key = (
            int(axis.ravel()[i])
            for axis, i in zip((grid.h, grid.query_index, grid.k), first, strict=True)
        )
        raise NumbersError(
            f"the score of head {head}, query {query}, key {key} is {value}; "
            "scores must be below infinity"
        )


def apply_weights(
    weights: FloatArray, value: FloatArray, indices: BlockIndex = FULL_BLOCK
) -> FloatArray:
    """weights @ value; values of weight 0 may be NaN or infinite and change nothing.

    `indices` locate weights and values in their layer.
    Shapes: [head, query, key], [head, key, d] -> [head, query, d]
    Raises NumbersError where a value with a weight is NaN or infinite.
    """
    if all_finite(value):
        with np.errstate(**IGNORED):
            output = weights @ value
        if not all_finite(output):
            raise NumbersError("the output is not finite: the values are too large")
        return output
    finite = np.isfinite(value)
    bad_keys: BoolArray = np.logical_not(np.all(finite, axis=-1))  # [head, key]
    bad = (weights != 0) & bad_keys[:, None, :]
    if bad.any():
        head, query, key = np.argwhere(bad)[0]
        raise NumbersError(
            f"the value of head {original_index(indices.heads, head)}, "
            f"key {original_index(indices.keys, key)} is not finite, and query "
            f"{original_index(indices.queries, query)} attends to it"
        )
    return weights @ np.where(finite, value, 0.0)


def all_finite(array: FloatArray) -> bool:
    """Whether no number is NaN or infinite; a finite sum shows it without an array of bool."""
    with np.errstate(**IGNORED):
        return bool(np.isfinite(array.sum()) or np.isfinite(array).all())


def original_index(selection: AxisIndex, i: int) -> int:
    """The index along the whole axis of the i-th selected member."""
    if isinstance(selection, slice):
        return int(i + (selection.start or 0))
    return int(selection[i])
