"""Kernels: scores that are products of features, so that sums over keys can be kept and shared."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import numpy as np

from attnviz.core.arrays import FloatArray, Shape
from attnviz.core.part import Inputs, Sizes
from attnviz.core.scores import Score
from attnviz.core.seeded_random import draw


class EluKernel(Score):
    """A feature map that is never zero takes the place of the exponential.

    Formula: φ(q)·φ(k), φ = elu + 1
    Paper: 2006.16236
    """

    name = "elu"
    formula = "φ(q)·φ(k), φ = elu + 1"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        return elu_plus_one(inputs.query) @ elu_plus_one(inputs.key).swapaxes(1, 2)


class CosineWeighted(Score):
    """What both sides have in the positive, weighted by nearness: a quarter wave over the text.

    Formula: relu(q)·relu(k) · cos(π/2 · (i−j)/n), n the longer of the two sequences
    Paper: 2202.08791
    """

    name = "cos-relu"
    formula = "relu(q)·relu(k) · cos(π(i−j)/2n)"
    prefix_stable: ClassVar[bool] = False  # n stretches the wave

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        grid = inputs.grid
        scores = np.maximum(inputs.query, 0.0) @ np.maximum(inputs.key, 0.0).swapaxes(1, 2)
        longest = max(grid.n_query, grid.n_key)
        return scores * np.cos(np.pi / 2 * (grid.q - grid.k) / longest).astype(scores.dtype)


class Taylor(Score):
    """The exponential's first three terms: positive, and a product of features.

    Formula: 1 + s + s²/2, s = q·k/√d
    Paper: 2402.18668
    """

    name = "taylor"
    formula = "1 + s + s²/2, s = q·k/√d"

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        scores = inputs.query @ inputs.key.swapaxes(1, 2) / np.sqrt(inputs.query.shape[-1])
        return 1.0 + scores + scores**2 / 2.0


class LearnedSquare(Score):
    """A square whose zero is learned: normalized vectors, stretched and moved, then squared.

    Formula: ((γ_q∘n(q) + β_q)·(γ_k∘n(k) + β_k))² / d, n takes off mean and spread
    Paper: 2402.10644
    """

    name = "square"
    formula = "((γ∘n(q)+β)·(γ′∘n(k)+β′))²/d"

    def param_shapes(self, sizes: Sizes) -> Mapping[str, Shape]:
        """γ and β of queries and keys, [d] each"""
        names = ("gamma_query", "beta_query", "gamma_key", "beta_key")
        return dict.fromkeys(names, (sizes.d,))

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        query = self.moved(inputs, inputs.query, "query")
        key = self.moved(inputs, inputs.key, "key")
        return (query @ key.swapaxes(1, 2)) ** 2 / query.shape[-1]

    def moved(self, inputs: Inputs, vectors: FloatArray, side: str) -> FloatArray:
        """γ ∘ n(x) + β.    [head, token, d] -> [head, token, d]"""
        stretch, move = inputs.param(f"gamma_{side}"), inputs.param(f"beta_{side}")
        return stretch[:, None] * standard(vectors) + move[:, None]


class RandomFeatures(Score):
    """The softmax kernel, estimated by a few random directions; returned as a logarithm.

    Formula: log Σ_r φ_r(q) φ_r(k), φ_r(x) = exp(w_r·x − ‖x‖²/2), x = q or k over d^¼; the
    w_r are orthogonal in blocks of d
    Paper: 2009.14794 (FAVOR+; its features are drawn once, here from a fixed seed)
    """

    name = "random-features"
    formula = "log φ(q)·φ(k), φ(x) = exp(Wx − ‖x‖²/2)"
    limits: ClassVar = {"features": (1, 65536)}
    features: int = 64

    def __call__(self, inputs: Inputs) -> FloatArray:
        """[head, query, d], [head, key, d] -> [head, query, key]"""
        width = inputs.query.shape[-1]
        directions = orthogonal(self.features, width).astype(inputs.query.dtype)

        def logs(vectors: FloatArray) -> FloatArray:
            vectors = vectors / width**0.25
            return vectors @ directions.T - (vectors**2).sum(-1, keepdims=True) / 2.0

        of_query, of_key = logs(inputs.query), logs(inputs.key)
        most_q, most_k = of_query.max(-1, keepdims=True), of_key.max(-1, keepdims=True)
        overlap = np.exp(of_query - most_q) @ np.exp(of_key - most_k).swapaxes(1, 2)
        tiny = np.finfo(overlap.dtype).tiny
        return np.log(np.maximum(overlap, tiny)) + most_q + most_k.swapaxes(1, 2)


def orthogonal(n: int, d: int) -> FloatArray:
    """Directions at right angles in blocks of d, as long as Gaussian ones.    -> [n, d]"""
    blocks = []
    for block in range(-(-n // d)):
        bell = draw((12, d, d), "features", "angle", block).sum(0) / np.sqrt(12.0)
        angles, corner = np.linalg.qr(bell)
        angles = angles * np.where(np.diag(corner) < 0, -1.0, 1.0)
        bell = draw((12, d, d), "features", "length", block).sum(0) / np.sqrt(12.0)
        blocks.append(angles.T * np.linalg.norm(bell, axis=1, keepdims=True))
    return np.concatenate(blocks)[:n]


def elu_plus_one(x: FloatArray) -> FloatArray:
    """x + 1 above 0, exp(x) below.    [...] -> [...]"""
    return np.where(x > 0, x + 1.0, np.exp(np.minimum(x, 0.0)))


def standard(x: FloatArray) -> FloatArray:
    """Mean 0 and spread 1 (ε = 1e-5), as a layer norm before its gain.    [..., d] -> [..., d]"""
    centred = x - x.mean(-1, keepdims=True)
    return centred / np.sqrt((centred**2).mean(-1, keepdims=True) + 1e-5)


PARTS: tuple[type[Score], ...] = (
    EluKernel,
    CosineWeighted,
    Taylor,
    LearnedSquare,
    RandomFeatures,
)
