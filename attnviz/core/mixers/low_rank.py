"""Bottlenecks: queries reach all keys through a few places, or features, in between."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.mixers import Whole
from attnviz.core.numerics import softmax
from attnviz.core.part import Inputs, Sizes
from attnviz.core.visibility import shown_to_all


class Linformer(Whole):
    """Keys and values are mixed into a few, by learned matrices over the positions.

    Formula: A = softmax(Q (E K)ᵀ/√d) F
    Paper: 2006.04768
    """

    name = "linformer"
    formula = "softmax(Q(EK)ᵀ/√d)F"
    signed = True
    prefix_stable: ClassVar[bool] = False
    limits: ClassVar = {"landmarks": (1, 65536)}
    landmarks: int = 4

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """E and F [landmark, key]"""
        shape = (self.landmarks, sizes.n_key)
        return {"e_linformer": shape, "f_linformer": shape}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        seen = shown_to_all(inputs, visible, self.name)
        mixed = inputs.param("e_linformer") @ np.where(seen, inputs.key, 0.0)
        return attended(inputs.query, mixed) @ inputs.param("f_linformer")


class Nystrom(Whole):
    """The softmax matrix, rebuilt from a few of its rows and columns.

    Formula: A = softmax(Q K̃ᵀ/√d) · softmax(Q̃ K̃ᵀ/√d)⁺ · softmax(Q̃ Kᵀ/√d); Q̃ and K̃ are means of
    segments, ⁺ the pseudo-inverse
    Paper: 2102.03902 (which iterates towards ⁺; here it is exact)
    """

    name = "nystrom"
    formula = "softmax(QK̃ᵀ)softmax(Q̃K̃ᵀ)⁺softmax(Q̃Kᵀ)"
    signed = True
    prefix_stable: ClassVar[bool] = False
    limits: ClassVar = {"landmarks": (1, 65536)}
    landmarks: int = 4

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        seen = shown_to_all(inputs, visible, self.name)
        return np.stack(
            [
                self.of_head(query, key, shown[:, 0])
                for query, key, shown in zip(inputs.query, inputs.key, seen, strict=True)
            ]
        )

    def of_head(self, query: FloatArray, key: FloatArray, shown: BoolArray) -> FloatArray:
        """[query, d], [key, d], [key] -> [query, key]"""
        weights = np.zeros((len(query), len(key)), dtype=query.dtype)
        if not shown.any():
            return weights
        key = key[shown]
        some_queries, some_keys = means(query, self.landmarks), means(key, self.landmarks)
        between = np.linalg.pinv(attended(some_queries, some_keys))
        weights[:, shown] = attended(query, some_keys) @ between @ attended(some_queries, key)
        return weights


class Luna(Whole):
    """A few learned vectors pack the keys; queries unpack what was packed.

    Formula: A = softmax(Q (P K)ᵀ/√d) P, P = softmax(L Kᵀ/√d), L learned
    Paper: 2106.01540 (whose second step projects the packed vectors anew; here they keep the
    projection of the keys); the same two steps make the induced block of 1810.00825
    """

    name = "luna"
    formula = "softmax(Q(PK)ᵀ/√d)P, P = softmax(LKᵀ/√d)"
    row_sum = "1"
    prefix_stable: ClassVar[bool] = False
    limits: ClassVar = {"landmarks": (1, 65536)}
    landmarks: int = 4

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """L [landmark, d]"""
        return {"l_luna": (self.landmarks, sizes.d)}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        seen = shown_to_all(inputs, visible, self.name)
        key = np.where(seen, inputs.key, 0.0)
        pack = attended(inputs.param("l_luna"), key, seen.swapaxes(1, 2))
        return attended(inputs.query, pack @ key) @ pack


class FeatureSoftmax(Whole):
    """Queries choose among features, features choose among keys.

    Formula: A = softmax over features (Q) · softmax over keys (K)ᵀ
    Paper: 1812.01243
    """

    name = "efficient"
    formula = "softmax_d(Q) · softmax_n(K)ᵀ"
    row_sum = "1"
    prefix_stable: ClassVar[bool] = False

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        seen = shown_to_all(inputs, visible, self.name).swapaxes(1, 2)
        every = np.ones((1, 1, 1), dtype=bool)
        return softmax(inputs.query, every) @ softmax(inputs.key.swapaxes(1, 2), seen)


class AttentionFree(Whole):
    """Each feature weighs the keys for itself; the map is the mean of the features' maps.

    Formula: A_ij = mean over c of softmax_j(k_jc + w_ij)
    Paper: 2105.14103 (AFT-full; the query only gates what comes out)
    """

    name = "attention-free"
    formula = "mean over c of softmaxⱼ(k_jc + w_ij)"
    row_sum = "1"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [query, key]"""
        return {"w_pair": (sizes.n_query, sizes.n_key)}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        where = inputs.param("w_pair")
        maps = [softmax(where + key[:, None], visible) for key in np.moveaxis(inputs.key, 2, 0)]
        return np.mean(maps, axis=0)


def attended(query: FloatArray, key: FloatArray, visible: BoolArray | None = None) -> FloatArray:
    """softmax(Q Kᵀ/√d), everything visible unless said.    [..., query, d], [..., key, d] -> …"""
    shown = np.ones((1, 1), dtype=bool) if visible is None else visible
    return softmax(query @ key.swapaxes(-1, -2) / np.sqrt(query.shape[-1]), shown)


def means(vectors: FloatArray, n: int) -> FloatArray:
    """Means of at most n segments, as equal as can be.    [token, d] -> [n, d]"""
    segments = np.array_split(vectors, min(n, len(vectors)))
    return np.stack([segment.mean(0) for segment in segments])


PARTS = (Linformer, Nystrom, Luna, FeatureSoftmax, AttentionFree)
