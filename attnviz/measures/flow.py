"""Attention flow: maximum flow from the tokens of the last layer to the input tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.measures.rollout import RESIDUAL, add_residual, to_single_head, visible_edges

MAX_STEPS = 500_000_000  # about half a minute
MIN_CAPACITY = 1e-12  # an edge with less residual capacity is saturated


def flow(
    amap: AttentionMap, queries: Sequence[int] | None = None, *, residual: float = RESIDUAL
) -> AttentionMap:
    """The maximum flow from each token of the last layer to each input token.

    Formula: the maximum flow through a network with one node per token before and after each
    layer, and edges of capacity (1 − r) Ā + r I, Ā being the mean over heads and r the weight
    of the residual connection. The flow of each pair
    of tokens is computed on its own, so rows do not sum to 1.
    Shapes: [layer, head, token, token] -> [1, 1, query, token], the given queries or all
    Paper: 2005.00928
    Raises MisuseError as rollout does, and for maps that would take too long.
    """
    capacities = add_residual(amap, "flow", residual)
    n_layer, n_token, _ = capacities.shape
    rows = range(n_token) if queries is None else queries
    if len(rows) * n_token**2 * ((n_layer + 1) * n_token) ** 2 > MAX_STEPS:
        raise MisuseError(
            f"flow through {n_layer} layers of {n_token} tokens takes too long for "
            f"{len(rows)} queries; use a shorter text, fewer queries, or rollout"
        )
    network = build_network(capacities)
    top = len(network) - n_token
    flows = [[max_flow(network, top + q, k) for k in range(n_token)] for q in rows]
    weights = np.array(flows).reshape(1, len(rows), n_token)
    result = to_single_head(
        replace(
            amap,
            queries=tuple(amap.queries[q] for q in rows),
            weights=amap.weights[:, :, list(rows)],
        ),
        weights,
        f"flow (residual {residual:g})",
        amap.layers[-1:],
    )
    result = replace(result, meta={**result.meta, "row_sum": "any"})
    if amap.visible is None:
        return result
    reach = np.eye(n_token, dtype=bool)
    for visible in visible_edges(amap):
        reach = visible @ reach
    return replace(result, visible=reach[list(rows)][None, None])


def build_network(capacities: FloatArray) -> FloatArray:
    """The capacities between all nodes, the input tokens first.

    Shapes: [layer, token, token] -> [node, node], edges from row to column
    """
    n_layer, n_token, _ = capacities.shape
    network = np.zeros(((n_layer + 1) * n_token,) * 2)
    for layer in range(n_layer):
        above, below = (layer + 1) * n_token, layer * n_token
        network[above : above + n_token, below : below + n_token] = capacities[layer]
    return network


def max_flow(network: FloatArray, source: int, sink: int) -> float:
    """The maximum flow from one node to another, by shortest paths (Edmonds and Karp, 1972).

    Shapes: [node, node] -> a number
    """
    residual = network.copy()
    total = 0.0
    while path := shortest_path(residual, source, sink):
        starts, ends = path[:-1], path[1:]
        amount = residual[starts, ends].min()
        residual[starts, ends] -= amount
        residual[ends, starts] += amount  # flow may be sent back
        total += float(amount)
    return total


def shortest_path(residual: FloatArray, source: int, sink: int) -> list[int]:
    """The nodes of a shortest path with residual capacity, or none.    [node, node] -> nodes"""
    before = np.full(len(residual), -1)
    before[source] = source
    front = np.array([source])
    while front.size and before[sink] < 0:
        open_edges = (residual[front] > MIN_CAPACITY) & (before < 0)
        reached = np.flatnonzero(open_edges.any(0))
        before[reached] = front[open_edges[:, reached].argmax(0)]
        front = reached
    if before[sink] < 0:
        return []
    path = [sink]
    while path[-1] != source:
        path.append(int(before[path[-1]]))
    return path[::-1]
