"""Memory estimate of a forward pass through untrained layers, made before it runs."""

from __future__ import annotations

from math import prod

from attnviz.core.inputs import Sizes
from attnviz.sources.memory import BYTES_PER_TOKEN, MemoryEstimate, activation_bytes, map_bytes
from attnviz.sources.seeded.layers import SeededLayers

PARAM_COPIES = 2  # one per head, and all heads in one array
VECTORS_PER_TOKEN = 8  # embedding, inputs, queries, keys, values and their copies


def estimate_memory(
    layers: SeededLayers, n_query: int, n_key: int, n_map: int, max_side: int | None = None
) -> MemoryEstimate:
    """Memory of a run that records n_map maps (layers times heads).

    Layer: the learned parameters of the mechanism, some of which grow with the text.
    Activations: vectors of the tokens, and the arrays that the weights are computed in.
    Maps are pooled to at most `max_side` cells per side.
    """
    variants = [layers.variant.for_layer(layer) for layer in range(layers.n_layer)]
    n_head = layers.variant.heads.n_query_head
    sizes = Sizes(
        d=layers.dim // n_head, d_model=layers.dim, n_head=n_head, n_query=n_query, n_key=n_key
    )
    n_param = max(sum(map(prod, v.param_shapes(sizes).values())) for v in variants)
    per_token = 8 * VECTORS_PER_TOKEN * layers.dim + BYTES_PER_TOKEN
    return MemoryEstimate(
        layer=8 * PARAM_COPIES * n_head * n_param,
        activations=per_token * (n_query + n_key)
        + activation_bytes(variants, n_head, n_query, n_key, 8),
        maps=map_bytes(n_map, n_query, n_key, max_side),
    )
