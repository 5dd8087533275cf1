"""Low-rank attention (Linformer, Nyström, Luna, efficient attention), and AFT."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import BoolArray, FloatArray, Shape
from attnviz.core.inputs import Inputs, Sizes
from attnviz.core.mixers import Mixer
from attnviz.core.numerics import softmax
from attnviz.core.visibility import require_same_for_all


class Linformer(Mixer):
    """Linformer: learned projections of keys and values along the sequence, to `landmarks` rows.

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
        unmasked = require_same_for_all(inputs, visible, self.name)
        landmarks = inputs.param("e_linformer") @ np.where(unmasked, inputs.key, 0.0)
        return softmax_attention(inputs.query, landmarks) @ inputs.param("f_linformer")


class Nystrom(Mixer):
    """Nyströmformer: the softmax matrix, approximated from segment means (landmarks).

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
        unmasked = require_same_for_all(inputs, visible, self.name)
        return np.stack(
            [
                self.approximate_head(query, key, shown[:, 0])
                for query, key, shown in zip(inputs.query, inputs.key, unmasked, strict=True)
            ]
        )

    def approximate_head(self, query: FloatArray, key: FloatArray, shown: BoolArray) -> FloatArray:
        """[query, d], [key, d], [key] -> [query, key]"""
        weights = np.zeros((len(query), len(key)), dtype=query.dtype)
        if not shown.any():
            return weights
        key = key[shown]
        query_landmarks = segment_means(query, self.landmarks)
        key_landmarks = segment_means(key, self.landmarks)
        inverse = np.linalg.pinv(softmax_attention(query_landmarks, key_landmarks))
        left = softmax_attention(query, key_landmarks)
        weights[:, shown] = left @ inverse @ softmax_attention(query_landmarks, key)
        return weights


class Luna(Mixer):
    """Luna: pack attention from learned vectors to the keys, then unpack attention to these.

    Formula: A = softmax(Q (P K)ᵀ/√d) P, P = softmax(L Kᵀ/√d), L learned
    Paper: 2106.01540 (whose second step projects the packed vectors again; here they keep the
    projection of the keys); the same two steps as the induced set attention block of 1810.00825
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
        unmasked = require_same_for_all(inputs, visible, self.name)
        key = np.where(unmasked, inputs.key, 0.0)
        pack = softmax_attention(inputs.param("l_luna"), key, unmasked.swapaxes(1, 2))
        return softmax_attention(inputs.query, pack @ key) @ pack


class EfficientAttention(Mixer):
    """Efficient attention: softmax of queries over features times softmax of keys over positions.

    Formula: A = softmax over features (Q) · softmax over keys (K)ᵀ
    Paper: 1812.01243
    """

    name = "efficient"
    formula = "softmax_d(Q) · softmax_n(K)ᵀ"
    row_sum = "1"
    prefix_stable: ClassVar[bool] = False

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        unmasked = require_same_for_all(inputs, visible, self.name).swapaxes(1, 2)
        all_features = np.ones((1, 1, 1), dtype=bool)
        return softmax(inputs.query, all_features) @ softmax(inputs.key.swapaxes(1, 2), unmasked)


class AftFull(Mixer):
    """Attention Free Transformer (AFT-full): a softmax per feature, averaged over the features.

    Formula: A_ij = mean over c of softmax_j(k_jc + w_ij)
    Paper: 2105.14103 (where the query gates the output, which does not change the weights)
    """

    name = "attention-free"
    formula = "mean over c of softmaxⱼ(k_jc + w_ij)"
    row_sum = "1"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """w [query, key]"""
        return {"w_pair": (sizes.n_query, sizes.n_key)}

    def __call__(self, inputs: Inputs, visible: BoolArray) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        bias = inputs.param("w_pair")
        maps = [softmax(bias + key[:, None], visible) for key in np.moveaxis(inputs.key, 2, 0)]
        return np.mean(maps, axis=0)


def softmax_attention(
    query: FloatArray, key: FloatArray, visible: BoolArray | None = None
) -> FloatArray:
    """softmax(Q Kᵀ/√d), by default without a mask.

    Shapes: [..., query, d], [..., key, d] -> [..., query, key]
    """
    shown = np.ones((1, 1), dtype=bool) if visible is None else visible
    return softmax(query @ key.swapaxes(-1, -2) / np.sqrt(query.shape[-1]), shown)


def segment_means(vectors: FloatArray, n: int) -> FloatArray:
    """Means of at most n segments of nearly equal length.    [token, d] -> [n, d]"""
    segments = np.array_split(vectors, min(n, len(vectors)))
    return np.stack([segment.mean(0) for segment in segments])


PARTS = (Linformer, Nystrom, Luna, EfficientAttention, AftFull)
