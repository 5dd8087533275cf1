"""Attention through all layers: where does what a token has become come from?"""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np

from attnviz.core.arrays import FloatArray
from attnviz.core.attention_map import AttentionMap
from attnviz.errors import MisuseError
from attnviz.measure.row_mass import require_shares


def rollout(amap: AttentionMap) -> AttentionMap:
    """What each token draws from each token of the input, after each layer: one head.

    Formula: R_l = ½ (Ā_l + I) R_(l−1), R_(−1) = I, with Ā the mean of the heads and I the way
    around the attention. Rows are not scaled up: what a head spends on nothing is missing in
    all layers above.
    Shapes: [layer, head, token, token] -> [layer, 1, token, token]
    Paper: 2005.00928
    Raises MisuseError for maps of two texts, with layers left out, or without shares.
    """
    made = [np.eye(len(amap.keys))]
    for mixed in mixes(amap, "rollout"):
        made.append(mixed @ made[-1])
    return through(amap, np.stack(made[1:]), "rollout", amap.layers)


def mixes(amap: AttentionMap, what: str) -> FloatArray:
    """½ (Ā + I) of each layer.    [layer, head, token, token] -> [layer, token, token]"""
    if amap.queries != amap.keys:
        raise MisuseError(f"{what} needs self-attention: queries and keys of one text")
    if any(above - below != 1 for below, above in pairwise(amap.layers)) or amap.layers[0] != 0:
        kept = ", ".join(map(str, amap.layers))
        raise MisuseError(f"{what} needs all layers from 0 on; this map has {kept}")
    require_shares(amap, what)
    return (amap.weights.mean(1, dtype=np.float64) + np.eye(len(amap.keys))) / 2


def through(
    amap: AttentionMap, weights: FloatArray, what: str, layers: tuple[int, ...]
) -> AttentionMap:
    """A map of what went through the layers.    [layer, token, token] -> [layer, 1, ...]"""
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
