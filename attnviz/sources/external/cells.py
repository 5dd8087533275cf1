"""Cells of one batch item: weights, visible pairs and padding, from values and masks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.compose.mask_pairs import allowed_pairs
from attnviz.core.masks import Mask
from attnviz.core.tokens import Tokens
from attnviz.errors import MisuseError
from attnviz.record import Record
from attnviz.sources.external.attention_mask import NamedMask, apply_mask, read_mask
from attnviz.sources.external.cell_values import apply_softmax, mask_nan, refuse_scores
from attnviz.sources.external.item_tokens import BatchItem


class Cells(Record, eq=False):
    """Weights, visible pairs, positions of padding, rows that were NaN, and sentences.

    `nan_rows` holds [layer, head, queries] for each head with such rows, indices of the axes.
    Shapes: weights [layer, head, query, key], visible broadcasts to the same, None: no mask
    """

    weights: FloatArray
    visible: BoolArray | None = None
    padding: tuple[int, ...] = ()
    nan_rows: tuple[list[Any], ...] = ()
    guesses: tuple[str, ...] = ()


def read_cells(
    weights: FloatArray,
    visible: BoolArray | None,
    masks: Sequence[NamedMask],
    item: BatchItem,
    *,
    softmax: bool,
) -> Cells:
    """The cells of one batch item: NaN and masks applied; `softmax`: the values are scores.

    Shapes: weights [layer, head, query, key], visible broadcasts to the same
    """
    values = mask_nan(weights, visible)
    weights, visible, guesses = values.weights, values.visible, values.guesses
    if not softmax:
        refuse_scores(weights)
    excluded: list[tuple[str, BoolArray]] = []
    for mask in masks:
        masked, notes = read_mask(mask, weights, item.count, item.index)
        excluded += [] if masked is None else [(mask.name, masked)]
        guesses += notes
    if softmax:
        weights, visible, note = apply_softmax(weights, visible, [m for _, m in excluded])
        guesses += (note,)
    cells = Cells(weights, visible, (), tuple(values.nan_rows), guesses)
    for name, masked in excluded:
        applied = apply_mask(name, masked, weights)
        cells = replace(
            cells,
            visible=intersect(cells.visible, applied.visible),
            padding=(*cells.padding, *applied.padding),
            guesses=(*cells.guesses, *applied.guesses),
        )
    return cells


def mask_by_expression(
    cells: Cells, mask: Mask | None, sides: tuple[Tokens, Tokens], *, is_own: bool
) -> Cells:
    """The cells with the pairs masked that a mask expression does not allow.

    `sides` are query and key tokens. Pairs with weight stay visible, so that a violation remains
    in the map.
    Raises MisuseError for a mask that a map of attnviz was not computed with.
    """
    if mask is None:
        return cells
    allowed = allowed_pairs(mask, *sides, cells.weights.shape[1])
    violations = ~allowed & (cells.weights != 0)
    largest = float(np.abs(cells.weights).max(initial=0.0, where=violations))
    if largest and is_own:
        raise MisuseError(
            f"--mask '{mask}' excludes pairs with weights up to {largest:.3g}; `attnviz check "
            "--mask` lists them"
        )
    n = int(violations.sum())
    note = (
        (f"{mask} excludes {n:,} pair{'s' * (n != 1)} with weights up to {largest:.3g}",)
        if n
        else ()
    )
    visible = intersect(cells.visible, allowed | violations if n else allowed[None])
    return replace(cells, visible=visible, guesses=(*cells.guesses, *note))


def intersect(visible: BoolArray | None, other: BoolArray | None) -> BoolArray | None:
    """The pairs that are visible in both; None: all.    [...], [...] -> [...]"""
    if visible is None or other is None:
        return other if visible is None else visible
    return np.asarray(visible & other)
