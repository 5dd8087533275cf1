"""What stands beside queries and keys: weights, mask, bias and scale of the scores."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from math import inf, isfinite
from typing import Any

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.errors import InvalidInputError
from attnviz.sources.external.attention_mask import (
    EITHER,
    NamedMask,
    find_masks,
    flags_to_numbers,
    read_mask,
    select_item,
)
from attnviz.sources.external.attention_names import SCORES, find_layers, find_whole
from attnviz.sources.external.axes import ORDERS, order_axes
from attnviz.sources.external.item_tokens import BatchItem
from attnviz.sources.external.module_names import TOLERANCE, StoredAttention, find_modules
from attnviz.sources.external.named_ids import OF_SEQUENCES
from attnviz.sources.external.to_numpy import is_array, to_numpy

BIASES = ("bias", "attn_bias", "attention_bias", "position_bias", "rel_pos_bias", "alibi")


def find_weights(named: Mapping[str, Any]) -> FloatArray | None:
    """The weights beside queries and keys; None where there are none, or several kinds.

    Arrays that are called scores are weights if their rows sum to at most 1.
    Shapes: -> [..., query, key]
    """
    rest = {
        name: value
        for name, value in named.items()
        if name not in (*OF_SEQUENCES, *BIASES)
        and (not SCORES.search(name) or sums_to_one(to_numpy(value, name)))
    }
    kinds: dict[str, StoredAttention] = find_whole(rest) | find_layers(rest)
    if not kinds:
        try:
            kinds = find_modules(rest)
        except InvalidInputError:
            return None
    stored = kinds.get("self") or (next(iter(kinds.values())) if len(kinds) == 1 else None)
    if stored is None:
        return None
    array = to_numpy(stored.arrays, "the weights")
    return array if array.ndim > 1 else None


def sums_to_one(array: FloatArray) -> bool:
    """Whether rows sum to 1, those of masked queries, 0, aside.    [..., key] -> a flag"""
    if array.ndim < 2 or not np.isfinite(array).all() or (array < 0).any():
        return False
    sums = array.sum(-1, dtype=np.float64)
    return bool((np.abs(sums - 1) <= TOLERANCE)[sums != 0].all())


def fit_weights(weights: FloatArray, shape: Shape) -> FloatArray:
    """The weights in the axes of the vectors.    [...] -> [layer, batch, head, query, key]

    Raises InvalidInputError where no order of axes fits their shape.
    """
    for letters in ORDERS.get(weights.ndim, ()):
        ordered: FloatArray = order_axes(weights, letters)
        if ordered.shape == shape:
            return ordered
    raise InvalidInputError(
        f"the weights of shape {weights.shape} do not fit queries and keys of {shape[0]} layers, "
        f"{shape[1]} sequences and {shape[2]} heads, {shape[3]} queries and {shape[4]} keys"
    )


def find_number(named: Mapping[str, Any], names: Iterable[str]) -> float | None:
    """The number under the first of these names that holds a single one.

    Raises InvalidInputError for one that is not finite.
    """
    for name in names:
        value: Any = named.get(name)
        is_number = isinstance(value, int | float) and not isinstance(value, bool)
        if is_number or (is_array(value) and all(size == 1 for size in value.shape)):
            try:
                number = float(value if is_number else to_numpy(value, name).item())
            except OverflowError:
                number = inf
            if not isfinite(number):
                raise InvalidInputError(f"{name} should be a finite number")
            return number
    return None


def find_bias(named: Mapping[str, Any], shape: Shape, item: BatchItem) -> FloatArray | None:
    """The bias that is added to the scaled scores.    -> [head or 1, query or 1, key]

    Raises InvalidInputError for one that does not fit.
    """
    for name in BIASES:
        if named.get(name) is not None:
            values = to_numpy(named[name], name)
            try:
                return select_item(values, (item.count, *shape[1:]), item.index)
            except InvalidInputError as error:
                raise InvalidInputError(f"{name}: {error}") from None
    return None


def find_visible(
    named: Mapping[str, Any],
    weights: FloatArray | None,
    shape: Shape,
    item: BatchItem,
    given: Any = None,
) -> tuple[BoolArray | None, tuple[str, ...]]:
    """The pairs that masks beside the vectors leave, and a sentence for each mask.

    `given` is the caller's attention mask in place of those of the source. Weights, where there
    are any, show which pairs a mask of pairs excludes.
    Shapes: weights and `shape` [layer, head, query, key] -> [head or 1, query or 1, key]
    Raises InvalidInputError for a mask that does not fit, or that can be read in two ways.
    """
    masks = find_masks("self", named)
    if given is not None:
        masks = (NamedMask("attention_mask", given),)
    visible: BoolArray | None = None
    notes = []
    for mask in masks:
        if weights is None and mask.name in EITHER:
            masked = exclude_by_rows(mask, shape, item)
        else:
            like = np.zeros(shape, np.float32) if weights is None else weights
            required = mask._replace(is_required=True)
            masked, _ = read_mask(required, like, item.count, item.index)
        if masked is not None:
            visible = ~masked if visible is None else visible & ~masked
            pairs = np.broadcast_to(masked, shape[1:])[0]
            notes.append(f"{mask.name} masks {int(pairs.sum()):,} pairs of queries and keys")
    return visible, tuple(notes)


def exclude_by_rows(mask: NamedMask, shape: Shape, item: BatchItem) -> BoolArray | None:
    """The pairs that a mask of pairs excludes, if only one reading leaves each query a key.

    Masks that are added to the scores hold 0 and large negative numbers.
    Shapes: -> [head or 1, query or 1, key]
    Raises InvalidInputError for a mask that can be read in two ways.
    """
    values = select_item(
        to_numpy(flags_to_numbers(mask.values), mask.name), (item.count, *shape[1:]), item.index
    )
    if not np.isin(values, (0, 1)).all():
        like = np.zeros(shape, np.float32)
        return read_mask(mask._replace(is_required=True), like, item.count, item.index)[0]
    ones = values == 1
    readings = [masked for masked in (ones, ~ones) if (~masked).any(-1).all()]
    if len(readings) == 1:
        return readings[0] if readings[0].any() else None
    raise InvalidInputError(
        f"{mask.name}: its 1 may stand for masked or for visible pairs; store it as numbers that "
        "are added to the scores, 0 and -inf, or leave it out and add --mask MASK"
    )
