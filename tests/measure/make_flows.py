"""Writes networkx_flows.json: maximum flows by networkx, which tests compare with.

    python -m tests.measure.make_flows

networkx is needed here only.
"""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np

from attnviz.core.attention_map import AttentionMap
from tests.measure.maps import causal, plain, shares, tokens

PATH = Path(__file__).parent / "networkx_flows.json"


def deep(n_token, n_layer, *, is_causal=False):
    """Sharp rows, most weights 0, so that flow has to be routed around saturated edges."""
    weights = shares(n_layer, 1, n_token, n_token, seed=n_token) ** 2
    weights[weights < np.quantile(weights, 0.6)] = 0.0
    weights += 0.05 * np.eye(n_token)
    weights = np.tril(weights) if is_causal else weights
    words = tokens(tuple(map(str, range(n_token))))
    return AttentionMap(words, words, weights / weights.sum(-1, keepdims=True))


CASES = {  # name: the map, and the weight of the residual connection
    "plain": (lambda: plain(3, n_layer=3, n_head=2), 0.5),
    "causal": (lambda: causal(4), 0.5),
    "deep": (lambda: deep(11, 7), 0.5),
    "deep, causal": (lambda: deep(13, 6, is_causal=True), 0.1),
    "residual": (lambda: plain(5, words=("a", "b", "c", "d"), n_layer=4), 0.25),
}


def flows(amap, residual):
    import networkx

    graph, n = networkx.DiGraph(), len(amap.keys)
    for layer, heads in enumerate(amap.weights):
        for q in range(n):
            for k in range(n):
                weight = (1 - residual) * heads[:, q, k].mean() + residual * (q == k)
                graph.add_edge((layer + 1, q), (layer, k), capacity=float(weight))
    top = amap.n_layer
    return [
        [float(networkx.maximum_flow_value(graph, (top, q), (0, k))) for k in range(n)]
        for q in range(n)
    ]


if __name__ == "__main__":
    found = {name: flows(make(), residual) for name, (make, residual) in CASES.items()}
    PATH.write_text(json.dumps(found) + "\n")
