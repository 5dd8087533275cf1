"""Attention rollout: attention multiplied through all layers, back to the input tokens."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.core.map_metadata import MapMetadata
from attnviz.core.subset import visible_pairs
from attnviz.errors import MisuseError
from attnviz.measures.row_mass import require_distribution_rows

RESIDUAL = 0.5  # weight of the residual connection


def rollout(amap: AttentionMap, residual: float = RESIDUAL) -> AttentionMap:
    """The contribution of each input token to each token, after each layer, as one head.

    Formula: R_l = ((1 − r) Ā_l + r I) R_(l−1), R_(−1) = I, with Ā the mean over heads, I for the
    residual connection and r its weight. Rows are not renormalized: remainders (1 − the row
    sum) reduce the row sums of all later layers. A token is visible if a path leads to it.
    Shapes: [layer, head, token, token] -> [layer, 1, token, token]
    Paper: 2005.00928
    Raises MisuseError for maps of two texts, pooled maps, maps without all layers or tokens, or
    whose rows are not distributions.
    """
    products, reach = [np.eye(len(amap.keys))], [np.eye(len(amap.keys), dtype=bool)]
    layers = add_residual(amap, "rollout", residual)
    for layer, visible in zip(layers, visible_edges(amap), strict=True):
        products.append(layer @ products[-1])
        reach.append(visible @ reach[-1])
    result = to_single_head(
        amap, np.stack(products[1:]), f"rollout (residual {residual:g})", amap.layers
    )
    if amap.row_sum == "1" and np.allclose(layers.sum(-1), 1.0, rtol=0, atol=1e-5):
        result = replace(result, meta={**result.meta, "row_sum": "1"})
    if amap.visible is None:
        return result
    return replace(result, visible=np.stack(reach[1:])[:, None])


def add_residual(amap: AttentionMap, what: str, residual: float = RESIDUAL) -> FloatArray:
    """(1 − r) Ā + r I of each layer, Ā being the mean over heads.

    Shapes: [layer, head, token, token] -> [layer, token, token]
    """
    if not 0 <= residual < 1:
        raise MisuseError(f"the residual weight {residual:g} of {what} must be from 0 to below 1")
    require_all_layers(amap, what)
    require_distribution_rows(amap, what)
    mean = amap.weights.mean(1, dtype=np.float64)
    return (1 - residual) * mean + residual * np.eye(len(amap.keys))


def require_all_layers(amap: AttentionMap, what: str) -> None:
    """Refuse maps whose layers cannot be multiplied, with the reason."""
    if amap.names:
        raise MisuseError(f"{what} needs the heads of one map; these are of a comparison")
    if amap.queries != amap.keys:
        raise MisuseError(f"{what} needs self-attention: queries and keys of one text")
    if "pooled" in amap.meta:
        raise MisuseError(f"{what} needs every token; this map is pooled: add --pool 0")
    if {"dropped", "words"} & amap.meta.keys():
        raise MisuseError(f"{what} needs every token; reduce layers before tokens")
    if "reduced_layers" in amap.meta:
        raise MisuseError(
            f"{what} needs all layers; this map has the {amap.meta['reduced_layers']}"
        )
    if any(above - below != 1 for below, above in pairwise(amap.layers)) or amap.layers[0] != 0:
        layers = ", ".join(map(str, amap.layers))
        raise MisuseError(f"{what} needs all layers from 0 on; this map has {layers}")


def visible_edges(amap: AttentionMap) -> BoolArray:
    """The pairs that some head of a layer sees, and each token with itself.

    Shapes: [layer, head, token, token] -> [layer, token, token]
    """
    return visible_pairs(amap).any(1) | np.eye(len(amap.keys), dtype=bool)


def to_single_head(
    amap: AttentionMap, weights: FloatArray, what: str, layers: tuple[int, ...]
) -> AttentionMap:
    """A map with one head per layer.    [layer, token, token] -> [layer, 1, token, token]"""
    earlier = amap.meta.get("reduced")
    meta: MapMetadata = {
        **amap.meta,
        "row_sum": "at most 1",
        "reduced": f"{earlier}, then {what}" if earlier else what,
    }
    if amap.n_head > 1:
        meta["reduced_heads"] = f"mean of {amap.n_head} heads"
    return replace(
        amap,
        weights=weights[:, None].astype(amap.weights.dtype),
        visible=None,
        layers=layers,
        heads=(),
        query_vectors=None,
        key_vectors=None,
        meta=meta,
    )
