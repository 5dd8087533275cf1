"""Attention rollout: attention multiplied through all layers, back to the input tokens."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.measures.row_mass import require_distribution_rows


def rollout(amap: AttentionMap) -> AttentionMap:
    """The contribution of each input token to each token, after each layer, as one head.

    Formula: R_l = ½ (Ā_l + I) R_(l−1), R_(−1) = I, with Ā the mean over heads and I for the
    residual connection. Rows are not renormalized: remainders (1 − the row sum) reduce the row
    sums of all later layers.
    Shapes: [layer, head, token, token] -> [layer, 1, token, token]
    Paper: 2005.00928
    Raises MisuseError for maps of two texts, without all layers, or whose rows are not
    distributions.
    """
    products = [np.eye(len(amap.keys))]
    for layer in add_residual(amap, "rollout"):
        products.append(layer @ products[-1])
    return to_single_head(amap, np.stack(products[1:]), "rollout", amap.layers)


def add_residual(amap: AttentionMap, what: str) -> FloatArray:
    """½ (Ā + I) of each layer, Ā being the mean over heads.

    Shapes: [layer, head, token, token] -> [layer, token, token]
    """
    if amap.queries != amap.keys:
        raise MisuseError(f"{what} needs self-attention: queries and keys of one text")
    if any(above - below != 1 for below, above in pairwise(amap.layers)) or amap.layers[0] != 0:
        layers = ", ".join(map(str, amap.layers))
        raise MisuseError(f"{what} needs all layers from 0 on; this map has {layers}")
    if "reduced_layers" in amap.meta:
        raise MisuseError(
            f"{what} needs all layers; this map has the {amap.meta['reduced_layers']}"
        )
    require_distribution_rows(amap, what)
    return (amap.weights.mean(1, dtype=np.float64) + np.eye(len(amap.keys))) / 2


def to_single_head(
    amap: AttentionMap, weights: FloatArray, what: str, layers: tuple[int, ...]
) -> AttentionMap:
    """A map with one head per layer.    [layer, token, token] -> [layer, 1, token, token]"""
    return replace(
        amap,
        weights=weights[:, None],
        visible=None,
        layers=layers,
        heads=(),
        query_vectors=None,
        key_vectors=None,
        meta={**amap.meta, "row_sum": "at most 1", "reduced": what},
    )
