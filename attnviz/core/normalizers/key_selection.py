"""Chosen keys: softmax over keys that the scores, or the vectors, pick out."""

from __future__ import annotations

from collections.abc import Mapping
from math import inf
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, IntArray, Shape
from attnviz.core.normalizers import Softmax
from attnviz.core.numerics import unit
from attnviz.core.part import Inputs, Sizes


class TopKeys(Softmax):
    """Softmax over the `top` best keys; keys that tie with the last of them stay.

    Paper: 1912.11637
    """

    name = "top-k"
    limits: ClassVar = {"top": (1, inf)}
    top: int = 3

    def narrow(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> BoolArray:
        """Keys that score no less than the last of the best.    -> [head, query, key]"""
        del inputs
        return best(logits, visible, self.top)


class IndexedKeys(Softmax):
    """A cheap second attention with small vectors picks `top` keys for the real one.

    Formula: I_ij = Σ_t w_t(x_i) relu((W_t x_i)·(U x_j)), x the input of the layer;
    softmax over the `top` keys with the largest I. `pickers` small heads of `thin` dimensions
    pick for all heads together: the first head's numbers are used.
    Paper: 2512.02556 (DeepSeek sparse attention)
    """

    name = "indexed"
    head_local = False  # learned numbers of the first head serve all
    limits: ClassVar = {"top": (1, inf), "pickers": (1, inf), "thin": (1, inf)}
    top: int = 3
    pickers: int = 2
    thin: int = 4

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """W [picker, thin, d_model], U [thin, d_model], w [picker, d_model]"""
        return {
            "w_indexer": (self.pickers, self.thin, sizes.d_model),
            "u_indexer": (self.thin, sizes.d_model),
            "g_indexer": (self.pickers, sizes.d_model),
        }

    def narrow(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> BoolArray:
        """The keys with the largest index.    -> [head, query, key]"""
        key = inputs.key_source[:1] @ inputs.param("u_indexer")[:1].swapaxes(-1, -2)
        source = inputs.query_source[:1]
        index = np.zeros((1, *logits.shape[1:]), dtype=logits.dtype)
        for t in range(self.pickers):
            small = source @ inputs.param("w_indexer")[:1, t].swapaxes(-1, -2)
            trust = source @ inputs.param("g_indexer")[:1, t, :, None]  # [1, query, 1]
            index += trust * np.maximum(small @ key.swapaxes(-1, -2), 0.0)
        return best(index, visible, self.top)


class SameHash(Softmax):
    """Keys that fall into the same bucket as the query when space is cut at random.

    Formula: bucket(x) = argmax [R x; -R x]; a token sees itself only where it sees nothing else
    Paper: 2001.04451 (Reformer; one round of hashing, buckets not cut into chunks)
    """

    name = "same-hash"
    limits: ClassVar = {"buckets": (2, inf)}
    buckets: int = 4

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """R [buckets / 2, d]"""
        return {"r_hash": (self.buckets // 2, sizes.d)}

    def narrow(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> BoolArray:
        """Keys of the same bucket.    -> [head, query, key]"""
        del logits
        same = visible & agree(self.bucket(inputs, inputs.query), self.bucket(inputs, inputs.key))
        others = same & (inputs.grid.q != inputs.grid.k)
        return np.where(others.any(-1, keepdims=True), others, same)

    def bucket(self, inputs: Inputs, vectors: FloatArray) -> IntArray:
        """[head, token, d] -> [head, token]"""
        cut = inputs.project("r_hash", vectors)
        return np.concatenate([cut, -cut], axis=-1).argmax(-1)


class SameCluster(Softmax):
    """Keys that belong to the same learned cluster as the query.

    Formula: cluster(x) = argmax_c μ_c·n(x), n the layer norm without gains
    Paper: 2003.05997 (Routing Transformer; its nearest centroids, without the equal sizes
    that its implementation gives to clusters)
    """

    name = "same-cluster"
    limits: ClassVar = {"clusters": (1, inf)}
    clusters: int = 3

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """μ [cluster, d]"""
        return {"centroids": (self.clusters, sizes.d)}

    def narrow(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> BoolArray:
        """Keys of the same cluster.    -> [head, query, key]"""
        del logits
        return visible & agree(self.member(inputs, inputs.query), self.member(inputs, inputs.key))

    def member(self, inputs: Inputs, vectors: FloatArray) -> IntArray:
        """[head, token, d] -> [head, token]"""
        # The argmax does not see the length, so that the norm's variance needs no epsilon.
        centred = unit(vectors - vectors.mean(-1, keepdims=True))
        return inputs.project("centroids", centred).argmax(-1)


class BestBlocks(Softmax):
    """Keys of the `top` blocks whose mean key fits the query best; its own block is one.

    Formula: block score q·mean(k in block); blocks that the mask hides in part, except the
    query's own, do not take part
    Paper: 2502.13189 (MoBA)
    """

    name = "best-blocks"
    key_local = False  # blocks are counted from the first key
    limits: ClassVar = {"top": (1, inf), "block": (1, inf)}
    top: int = 2
    block: int = 2

    def narrow(self, logits: FloatArray, visible: BoolArray, inputs: Inputs) -> BoolArray:
        """Keys of the best blocks.    -> [head, query, key]"""
        visible = np.broadcast_to(visible, logits.shape)
        starts = np.arange(0, inputs.grid.n_key, self.block)
        sizes = np.diff(starts, append=inputs.grid.n_key)
        means = np.add.reduceat(inputs.key, starts, axis=1) / sizes[:, None]
        fit = inputs.query @ means.swapaxes(-1, -2)  # [head, query, block]
        whole = np.logical_and.reduceat(visible, starts, axis=-1)
        own = inputs.grid.q // self.block == np.arange(starts.size)
        chosen = best(np.where(own, np.inf, fit), whole | own, self.top)
        return visible & chosen[..., np.arange(inputs.grid.n_key) // self.block]


def agree(of_query: IntArray, of_key: IntArray) -> BoolArray:
    """Where two labels are the same.    [head, query], [head, key] -> [head, query, key]"""
    return of_query[:, :, None] == of_key[:, None, :]


def best(scores: FloatArray, visible: BoolArray, top: int) -> BoolArray:
    """The visible places that score no less than the last of the `top` best.

    Shapes: [..., key], [..., key] -> [..., key]
    """
    seen = np.where(visible, scores, -np.inf)
    visible = np.broadcast_to(visible, seen.shape)
    if top >= seen.shape[-1]:
        return visible
    last = np.sort(seen, axis=-1)[..., -top, None]
    return visible & (seen >= last)


PARTS: tuple[type[Softmax], ...] = (TopKeys, IndexedKeys, SameHash, SameCluster, BestBlocks)
