"""Reduction of a map's heads or layers to one: mean, maximum or minimum of each weight."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.comparison import without_divergence
from attnviz.core.map_metadata import MapMetadata, RowSum
from attnviz.core.subset import visible_pairs
from attnviz.errors import MisuseError

LAYERS, HEADS = 0, 1  # axes of the weights
AXIS_NAMES = ("layer", "head")


def mean(weights: FloatArray, visible: BoolArray, axis: int) -> FloatArray:
    """The mean over an axis; masked weights count as they are stored, as 0.

    Shapes: both [layer, head, query, key] → 1 in place of the axis
    """
    return np.asarray(weights.mean(axis, dtype=np.float64, keepdims=True))


def maximum(weights: FloatArray, visible: BoolArray, axis: int) -> FloatArray:
    """The largest visible weight over an axis; 0 where all are masked.

    Shapes: both [layer, head, query, key] → 1 in place of the axis
    """
    largest = np.max(weights, axis, keepdims=True, initial=-np.inf, where=visible)
    return np.where(np.isneginf(largest), 0.0, largest)


def minimum(weights: FloatArray, visible: BoolArray, axis: int) -> FloatArray:
    """The smallest visible weight over an axis; 0 where all are masked.

    Shapes: both [layer, head, query, key] → 1 in place of the axis
    """
    smallest = np.min(weights, axis, keepdims=True, initial=np.inf, where=visible)
    return np.where(np.isposinf(smallest), 0.0, smallest)


# The reduction of an axis by its name, which is what --head and --layer take.
REDUCTIONS: Mapping[str, Callable[[FloatArray, BoolArray, int], FloatArray]] = {
    "mean": mean,
    "max": maximum,
    "min": minimum,
}


def reduce_heads(amap: AttentionMap, how: str) -> AttentionMap:
    """The mean, maximum or minimum over heads; `how` is a name of REDUCTIONS.

    Nothing is renormalized. Rows of a maximum do not sum to 1 (`row_sum` "any"), those of a
    minimum to at most 1.
    Shapes: [layer, head, query, key] → [layer, 1, query, key]
    Raises MisuseError for a comparison.
    """
    if amap.names:
        raise MisuseError("heads of a comparison belong to several maps; reduce before comparing")
    return reduce_axis(amap, HEADS, how)


def reduce_layers(amap: AttentionMap, how: str) -> AttentionMap:
    """The mean, maximum or minimum over layers; `how` is a name of REDUCTIONS.

    Nothing is renormalized. Rows of a maximum do not sum to 1 (`row_sum` "any"), those of a
    minimum to at most 1.
    Shapes: [layer, head, query, key] → [1, head, query, key]
    """
    return reduce_axis(without_divergence(amap), LAYERS, how)


def reduce_axis(amap: AttentionMap, axis: int, how: str) -> AttentionMap:
    """A map with one layer or head that combines all, visible where any of them is.

    Shapes: [layer, head, query, key] → 1 in place of the axis
    Raises MisuseError where they are combined already: the label would be of the wrong ones.
    """
    n, visible = amap.weights.shape[axis], visible_pairs(amap)
    earlier_label = amap.meta.get("reduced_heads" if axis == HEADS else "reduced_layers")
    if earlier_label is not None:
        raise MisuseError(
            f"{AXIS_NAMES[axis]}s are combined already: this map has the {earlier_label}; one "
            "reduction of each axis"
        )
    label = f"{how} of {n} {AXIS_NAMES[axis]}{'' if n == 1 else 's'}"
    is_visible = np.logical_or.reduce(visible, axis, keepdims=True)
    row_sum = reduced_row_sum(amap, visible, axis, how)
    earlier = amap.meta.get("reduced")
    description = f"{earlier}, then {label}" if earlier else label
    if how != "mean" and row_sum != amap.row_sum:
        description += " (rows do not sum to 1)"
    meta: MapMetadata = {
        **amap.meta,
        "reduced": description,
        "row_sum": row_sum,
        "signed": amap.signed,
    }
    if axis == HEADS:
        meta["reduced_heads"] = label
    else:
        meta["reduced_layers"] = label
    return replace(
        amap,
        weights=REDUCTIONS[how](amap.weights, visible, axis).astype(amap.weights.dtype),
        visible=None if amap.visible is None else is_visible,
        query_vectors=None,
        key_vectors=None,
        layers=() if axis == LAYERS else amap.layers,
        heads=() if axis == HEADS else amap.heads,
        names=() if axis == HEADS else amap.names,
        meta=meta,
    )


def reduced_row_sum(amap: AttentionMap, visible: BoolArray, axis: int, how: str) -> RowSum:
    """The sum of a reduced row that has a visible key.

    A mean of rows that sum to 1 sums to less where a row is masked in some heads only.
    Shapes: visible [layer, head, query, key]
    """
    if amap.weights.shape[axis] == 1:
        return amap.row_sum
    if how != "mean":
        return "at most 1" if how == "min" and amap.row_sum != "any" else "any"
    n_visible = np.count_nonzero(np.any(visible, axis=-1), axis=axis)  # per row
    is_partly_masked = bool(((n_visible > 0) & (n_visible < visible.shape[axis])).any())
    return "at most 1" if amap.row_sum == "1" and is_partly_masked else amap.row_sum
