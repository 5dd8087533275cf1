"""Agreement between heads: Jensen–Shannon divergence of each two heads, and clusters of heads."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.measures.entropy import shannon_entropy
from attnviz.measures.row_mass import (
    distribution_heads,
    mean_over_rows,
    require_distribution_rows,
    weights_and_remainder,
)

BLOCK_SIZE = 1 << 20  # shares of the pairs of heads that are compared at once
CLUSTER_LIMIT = 0.2  # bits: mean divergence of two clusters that are joined


class Agreement(NamedTuple):
    """The divergence of each two heads in bits, 0 to 1, and the cluster of each head.

    Shapes: divergence [head, head], clusters [head], heads in the order of layers; clusters are
    numbered from 0 in the order of their first heads
    """

    divergence: FloatArray
    clusters: tuple[int, ...]


def agreement(amap: AttentionMap, at_most: float = CLUSTER_LIMIT) -> Agreement:
    """The Jensen–Shannon divergence of each two heads of a map, and clusters of similar heads.

    Formula: mean over the rows with weight of H((p + q)/2) − (H(p) + H(q))/2. Clusters are joined
    (average linkage) while the mean divergence between two of them is at most `at_most` bits.
    Paper: 1906.04341
    Raises MisuseError for rows that are not distributions, and a limit that is not from 0 to 1.
    """
    require_cluster_limit(at_most)
    require_distribution_rows(amap, "agreement")
    shares = weights_and_remainder(amap)
    shares = shares.reshape(-1, *shares.shape[2:])
    divergence = pairwise_divergence(shares)
    return Agreement(divergence, join_clusters(divergence, at_most))


def require_cluster_limit(at_most: float) -> None:
    """Raise MisuseError for a limit that no divergence in bits can have."""
    if not 0.0 <= at_most <= 1.0:
        raise MisuseError(f"--clusters {at_most:g} should be from 0 to 1 bits")


def layer_agreement(amap: AttentionMap) -> FloatArray | None:
    """How similar a head is to the other heads of its layer, from 0 to 1.

    Formula: 1 − the mean Jensen–Shannon divergence from them, in bits. None for maps with one
    head; NaN for heads whose rows are not distributions.
    Shapes: -> [layer, head]    Paper: 1906.04341
    """
    allowed = distribution_heads(amap)
    if amap.n_head == 1 or not allowed.any():
        return None
    result = np.full(allowed.shape, np.nan)
    shares = weights_and_remainder(amap)
    if allowed.all() and shares.size <= BLOCK_SIZE:  # all layers at once
        return 1.0 - pairwise_divergence(shares).sum(-1) / (amap.n_head - 1)
    for i, layer in enumerate(shares):
        heads = np.flatnonzero(allowed[i])
        if len(heads) > 1:
            divergence = pairwise_divergence(layer[heads])
            result[i, heads] = 1.0 - divergence.sum(-1) / (len(heads) - 1)
    return result


def pairwise_divergence(shares: FloatArray) -> FloatArray:
    """The mean divergence of the rows of each two heads, in bits.

    Rows without weight in both heads do not count.
    Shapes: [..., head, query, key + 1] -> [..., head, head]
    """
    n_head = shares.shape[-3]
    result = np.zeros((*shares.shape[:-2], n_head))
    bits, has_weight = shannon_entropy(shares), shares[..., :-1].sum(-1) > 0
    n_at_once = max(1, BLOCK_SIZE * n_head // max(1, shares.size))
    pairs = np.stack(np.triu_indices(n_head, 1))
    for start in range(0, pairs.shape[1], n_at_once):
        i, j = pairs[:, start : start + n_at_once]
        mixed = shannon_entropy((shares[..., i, :, :] + shares[..., j, :, :]) / 2)
        apart = (bits[..., i, :] + bits[..., j, :]) / 2
        rows = has_weight[..., i, :] | has_weight[..., j, :]
        between = mean_over_rows(np.clip(mixed - apart, 0.0, 1.0), rows)
        result[..., i, j] = result[..., j, i] = between
    return result


def join_clusters(divergence: FloatArray, at_most: float) -> tuple[int, ...]:
    """Clusters by average linkage, joined while their mean divergence is at most `at_most`.

    Shapes: [head, head] -> [head]
    """
    n = len(divergence)
    members = [[i] for i in range(n)]
    between = np.array(divergence, dtype=np.float64)
    np.fill_diagonal(between, np.inf)
    while len(members) > 1:
        first, second = sorted(map(int, np.unravel_index(between.argmin(), between.shape)))
        if between[first, second] > at_most:
            break
        sizes = len(members[first]), len(members[second])
        merged = (sizes[0] * between[first] + sizes[1] * between[second]) / sum(sizes)
        between[first], between[:, first] = merged, merged
        between[first, first] = np.inf
        between = np.delete(np.delete(between, second, 0), second, 1)
        members[first] += members.pop(second)
    number = {head: i for i, group in enumerate(sorted(map(sorted, members))) for head in group}
    return tuple(number[head] for head in range(n))
