"""Attention masks stored beside attention: padding, or masked pairs of queries and keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.errors import InvalidInputError
from attnviz.sources.external.to_numpy import to_numpy

PADDING = ("key_padding_mask", "src_key_padding_mask", "padding_mask")
# The names of the mask over the keys, by kind of attention; the first that is there counts.
MASKS = {
    "self": ("attention_mask", *PADDING),
    "encoder": ("encoder_attention_mask", "attention_mask", "encoder_padding_mask", *PADDING),
    "decoder": ("decoder_attention_mask", "decoder_padding_mask"),
    "cross": ("encoder_attention_mask", "attention_mask", "encoder_padding_mask", *PADDING),
}
# Masks of pairs, likewise. Some programs mask where they hold 1, others where they hold 0.
PAIR_MASKS = {
    "self": ("src_mask", "attn_mask", "causal_mask", "mask"),
    "encoder": ("src_mask",),
    "decoder": ("tgt_mask",),
    "cross": ("memory_mask",),
}
EITHER = frozenset(name for names in PAIR_MASKS.values() for name in names)
MASK_NAMES = EITHER | {name for names in MASKS.values() for name in names}
BLOCKING = -1e3  # masks that are added to the logits hold 0, and −∞ or a large negative number
MAX_DEPTH = 4
# The axes before the key, by number of axes.
LEADING_AXES: dict[int, tuple[tuple[str, ...], ...]] = {
    1: ((),),
    2: (("batch",), ("query",)),
    3: (("batch", "query"), ("head", "query")),
    4: (("batch", "head", "query"),),
}


class NamedMask(NamedTuple):
    """A mask as stored, and its name; `is_required`: it is refused if it does not fit."""

    name: str
    values: Any
    is_required: bool = False


class AppliedMask(NamedTuple):
    """What a mask says of one batch item: visible pairs, positions of padding, sentences.

    Shapes: visible broadcasts to [layer, head, query, key]; None: no pair is masked
    """

    visible: BoolArray | None = None
    padding: tuple[int, ...] = ()
    guesses: tuple[str, ...] = ()


def find_masks(kind: str, named: Mapping[str, Any]) -> tuple[NamedMask, ...]:
    """The masks of an attention that are among the named arrays: over keys, and of pairs."""
    found = []
    for names in (MASKS[kind], PAIR_MASKS[kind]):
        present = (name for name in names if named.get(name) is not None)
        found += [NamedMask(name, named[name]) for name in list(present)[:1]]
    return tuple(found)


def read_mask(
    mask: NamedMask, weights: FloatArray, n_item: int, item: int
) -> tuple[BoolArray | None, tuple[str, ...]]:
    """Which pairs a mask of one batch item excludes; None, and a sentence, if it is not certain.

    Shapes: weights [layer, head, query, key] -> [head or 1, query or 1, key]
    Raises InvalidInputError for a mask that is required.
    """
    try:
        values = to_numpy(flags_to_numbers(mask.values), mask.name)
        values = select_item(values, (n_item, *weights.shape[1:]), item)
        masked = find_masked(values, mask.name, weights)
    except InvalidInputError as error:
        if mask.is_required:
            raise InvalidInputError(f"{mask.name}: {error}") from None
        return None, (f"{mask.name} is not applied: {error}",)
    return (masked if masked.any() else None), ()


def apply_mask(name: str, masked: BoolArray, weights: FloatArray) -> AppliedMask:
    """The visible pairs and the padding that a mask leaves, and a sentence.

    Weights are not changed. Keys that a mask over keys excludes are padding; they are masked
    only if no query attends to them, so that a violation remains in the map.
    Shapes: masked [head or 1, query or 1, key], weights [layer, head, query, key]
    """
    full = np.broadcast_to(masked, weights.shape)
    largest = float(np.abs(weights).max(initial=0.0, where=full))
    if masked.shape[:2] == (1, 1):
        padding = tuple(np.flatnonzero(masked[0, 0]).tolist())
        note = f"{name} marks {len(padding)} of {weights.shape[-1]} keys as padding"
        if not largest:
            return AppliedMask(~masked[None], padding, (note,))
        return AppliedMask(None, padding, (f"{note}; weights on them are up to {largest:.3g}",))
    note = f"{name} masks {int(full[0].any(0).sum()):,} pairs of queries and keys"
    note += f"; weights on them are up to {largest:.3g}" if largest else ""
    return AppliedMask(~masked[None], (), (note,))


def flags_to_numbers(values: Any, depth: int = 0) -> Any:
    """Nested lists with 1 and 0 in place of true and false; other values as they are."""
    if not isinstance(values, list) or depth == MAX_DEPTH:
        return int(values) if isinstance(values, bool) else values
    return [flags_to_numbers(value, depth + 1) for value in values]


def select_item(values: FloatArray, shape: Shape, item: int) -> FloatArray:
    """The mask of one batch item.    [...] -> [head or 1, query or 1, key]

    `shape` is that of the weights, [batch, head, query, key].
    Raises InvalidInputError for a shape that does not fit, or that fits in two ways.
    """
    n_batch, n_head, n_query, n_key = shape
    unfit = InvalidInputError(f"its shape {values.shape} does not fit the attention {shape}")
    if not 1 <= values.ndim <= MAX_DEPTH or values.shape[-1] != n_key:
        raise unfit
    sizes = {"batch": n_batch, "head": n_head, "query": n_query}
    fits = []
    for axes in LEADING_AXES[values.ndim]:
        if all(n in (1, sizes[axis]) for n, axis in zip(values.shape, axes, strict=False)):
            index = [slice(None) if axis in axes else None for axis in sizes]
            fits.append(values[(*index, slice(None))])
    if not fits:
        raise unfit
    if values.shape[0] > 1 and len(fits) > 1:
        raise InvalidInputError(f"its shape {values.shape} fits the attention {shape} in two ways")
    mask = fits[0]
    return mask[item if mask.shape[0] > 1 else 0]


def find_masked(values: FloatArray, name: str, weights: FloatArray) -> BoolArray:
    """Which pairs a mask excludes, by the convention that its name and its values imply.

    Shapes: values [head or 1, query or 1, key], weights [layer, head, query, key] -> as values
    Raises InvalidInputError for values that are no mask.
    """
    is_added = (values <= 0).all() and (values[values < 0] <= BLOCKING).all()
    if is_added and (values < 0).any():
        return np.asarray(values < 0)
    if not np.isin(values, (0, 1)).all():
        raise InvalidInputError("it should hold 0 and 1 only, or 0 and large negative numbers")
    ones = values == 1
    if name in EITHER:
        return find_zero_side(ones, weights)
    if name == "padding_mask":  # 1 marks padding in some libraries, tokens in others
        on_ones, on_zeros = (
            float(np.abs(weights).sum(where=np.broadcast_to(side, weights.shape)))
            for side in (ones, ~ones)
        )
        masked = ones if on_ones <= on_zeros else ~ones
    else:
        masked = ones if name.endswith("padding_mask") else ~ones
    if masked.all():
        raise InvalidInputError("it would exclude every key")
    return np.asarray(masked)


def find_zero_side(ones: BoolArray, weights: FloatArray) -> BoolArray:
    """The side of a mask, ones or zeros, on which no query has weight.    as `ones`

    Raises InvalidInputError where both sides have weight, or neither.
    """
    has_weight = [
        bool(np.any(weights, where=np.broadcast_to(side, weights.shape))) for side in (ones, ~ones)
    ]
    if has_weight[0] == has_weight[1]:
        raise InvalidInputError("its 1 may stand for masked or for visible pairs")
    return np.asarray(~ones if has_weight[0] else ones)
