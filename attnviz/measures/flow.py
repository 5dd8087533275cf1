"""Attention flow: maximum flow from the tokens of the last layer to the input tokens."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from attnviz.core.attention_map import AttentionMap
from attnviz.core.progress import report_progress
from attnviz.errors import MisuseError
from attnviz.measures.max_flow import max_flows
from attnviz.measures.rollout import RESIDUAL, add_residual, to_single_head, visible_edges

MAX_EDGES = 400_000_000  # of the networks of all pairs of tokens: a minute or less


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
    n_edge = len(rows) * n_token * n_layer * n_token**2
    if n_edge > MAX_EDGES:
        most = int((MAX_EDGES / n_layer) ** 0.25)
        raise MisuseError(
            f"flow through {n_layer} layers of {n_token} tokens takes too long: {n_edge:,} edges "
            f"in the networks of all pairs, at most {MAX_EDGES:,}; use a text of up to {most} "
            "tokens, or layers:rollout"
        )
    flows = max_flows(capacities, rows, lambda n_done: report_progress(n_done, len(rows)))
    weights = flows[None]
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
