"""Differences of two maps: A − B per weight, Jensen–Shannon divergence per row and head."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.map_metadata import MapMetadata, without_predictions
from attnviz.core.subset import visible_pairs
from attnviz.errors import MisuseError
from attnviz.measures.entropy import shannon_entropy
from attnviz.measures.row_mass import require_distribution_rows, weights_and_remainder

ADVICE = {
    "layers": "select with --layer or set --layers",
    "heads": "select with --head or set --heads",
    "queries": "compare the tokens that both maps have",
    "keys": "compare the tokens that both maps have",
}


class HeadChange(NamedTuple):
    """The divergence of one head, in bits from 0 to 1. Layer and head are original indices.

    `divergence` is the mean of its rows, `row_divergence` that of the row that changed most,
    whose query is at the position `query`.
    """

    layer: int
    head: int
    divergence: float
    row_divergence: float = 0.0
    query: int = 0


def difference(before: AttentionMap, after: AttentionMap) -> AttentionMap:
    """The change of each weight: a signed map, visible where either map is.

    Formula: A_after − A_before    Shapes: both [layer, head, query, key] -> the same
    Raises MisuseError for maps with different numbers of layers, heads or tokens.
    """
    require_same_shape(before, after)
    meta: MapMetadata = {
        **without_predictions(after.meta),
        "row_sum": "any",
        "signed": True,
        "difference_from": dict(without_predictions(before.meta)),
    }
    return replace(
        after,
        weights=after.weights.astype(np.float64) - before.weights,
        visible=None
        if before.masked is None or after.masked is None
        else visible_pairs(before) | visible_pairs(after),
        query_vectors=None,
        key_vectors=None,
        meta=meta,
    )


def row_divergence(before: AttentionMap, after: AttentionMap) -> FloatArray:
    """The Jensen–Shannon divergence of each row, in bits: 0 identical, 1 disjoint.

    Formula: H((p+q)/2) − (H(p) + H(q))/2 over the keys and the remainder (1 − the row sum): a
    row that is fully masked in one map has 1, one that is fully masked in both has 0.
    Shapes: -> [layer, head, query]
    Raises MisuseError for maps of different shapes, or whose rows are not distributions.
    """
    require_same_shape(before, after)
    for amap in (before, after):
        require_distribution_rows(amap, "divergence")
    p, q = weights_and_remainder(before), weights_and_remainder(after)
    divergence = shannon_entropy((p + q) / 2) - (shannon_entropy(p) + shannon_entropy(q)) / 2
    return np.clip(divergence, 0.0, 1.0)  # rounding can give −1e-17 for equal rows


def head_divergence(before: AttentionMap, after: AttentionMap) -> FloatArray:
    """The mean Jensen–Shannon divergence of a head's rows, in bits.    -> [layer, head]"""
    return row_divergence(before, after).mean(-1)


def most_changed_heads(before: AttentionMap, after: AttentionMap, n: int = 5) -> list[HeadChange]:
    """The `n` heads of the highest divergence, in descending order; of equal ones, the first."""
    rows = row_divergence(before, after)
    divergence, query = rows.mean(-1), rows.argmax(-1)
    order = np.argsort(-divergence, axis=None, kind="stable")[:n]
    indices = zip(*np.unravel_index(order, divergence.shape), strict=True)
    return [
        HeadChange(
            after.layers[i],
            after.heads[j],
            float(divergence[i, j]),
            float(rows[i, j, query[i, j]]),
            int(query[i, j]),
        )
        for i, j in indices
    ]


def require_same_shape(before: AttentionMap, after: AttentionMap) -> None:
    """Refuse maps of different shapes, naming the axis that differs."""
    require_equal_shapes(before.weights.shape, after.weights.shape)


def require_equal_shapes(before: tuple[int, ...], after: tuple[int, ...]) -> None:
    """Refuse numbers of layers, heads, queries and keys that differ, naming the axis."""
    axes = ("layers", "heads", "queries", "keys")
    for axis, n, other in zip(axes, before, after, strict=True):
        if n != other:
            raise MisuseError(f"different numbers of {axis} ({n} and {other}); {ADVICE[axis]}")
