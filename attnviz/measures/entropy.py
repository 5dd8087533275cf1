"""Entropy of attention rows, in bits."""

from __future__ import annotations

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.measures.once_per_map import once_per_map
from attnviz.measures.row_mass import (
    count_visible,
    mean_over_rows,
    require_distribution_rows,
    row_remainders,
)


@once_per_map
def entropy(amap: AttentionMap) -> FloatArray:
    """The entropy of each row, in bits: 0 for all weight on one key, higher if spread out.

    Formula: −Σ p log₂ p over the keys and the remainder (1 − the row sum).
    A fully masked row has 0.
    Shapes: -> [layer, head, query]
    Raises MisuseError for rows that are not distributions.
    """
    require_distribution_rows(amap, "entropy")
    of_keys = shannon_entropy(amap.weights.astype(np.float64))
    return of_keys + shannon_entropy(row_remainders(amap)[..., None])


def shannon_entropy(probabilities: FloatArray) -> FloatArray:
    """Shannon entropy in bits: −Σ p log₂ p.    [..., outcome] -> [...]"""
    logs = np.log2(np.where(probabilities > 0, probabilities, 1.0))
    return np.abs(
        np.einsum("...o,...o->...", probabilities, logs)
    )  # no −0.0, no −1e-17 from p = 1 + 1e-16


@once_per_map
def max_entropy(amap: AttentionMap) -> FloatArray:
    """The highest entropy that each row could have, in bits.

    Formula: log₂(visible keys), plus one outcome if the row has, or may have, a remainder; 0 for
    a fully masked row.
    Shapes: -> [layer, head, query]
    """
    n = count_visible(amap)
    has_remainder = (row_remainders(amap) > 0) | (amap.row_sum == "at most 1")
    return np.log2(np.where(n > 0, n + has_remainder, 1).astype(np.float64))


def head_entropy(amap: AttentionMap) -> FloatArray:
    """The mean entropy of the rows that have any weight, in bits.    -> [layer, head]"""
    return mean_over_rows(entropy(amap), amap.row_sums > 0)
