"""Positions: how a layer learns where a token stands.

Absolute ones are added to the embeddings by the source, rotations turn query and key.
"""

from __future__ import annotations

from math import inf
from typing import ClassVar, Literal

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.part import Part
from attnviz.core.seeded_random import draw

Side = Literal["query", "key"]


class Position(Part):
    """Where a token stands. By default it is not told."""

    absolute: ClassVar[bool] = False

    def embed(self, positions: IntArray, d_model: int, seed: int) -> FloatArray:
        """What is added to the embeddings at these positions.    [token] -> [token, d_model]"""
        del seed
        return np.zeros((positions.size, d_model))

    def turn(self, vectors: FloatArray, positions: IntArray, side: Side) -> FloatArray:
        """Queries or keys, turned by where they stand.    [head, token, d] -> [head, token, d]"""
        del positions, side
        return vectors


class NoPosition(Position):
    """Order is not told: a sentence is a bag of tokens, but for its mask and biases."""

    name = "none"


class Sinusoidal(Position):
    """Sines and cosines of growing wave length, added to the embeddings.

    Formula: p_2t = sin(i / base^(2t/d)), p_2t+1 = cos(i / base^(2t/d))
    Paper: 1706.03762
    """

    name = "sinusoidal"
    limits: ClassVar = {"base": (1.0, inf)}
    absolute = True
    base: float = 10000.0

    def embed(self, positions: IntArray, d_model: int, seed: int) -> FloatArray:
        """[token] -> [token, d_model]"""
        del seed
        return sinusoids(positions, d_model, self.base)


class LearnedPositions(Position):
    """A vector of its own for each position, added to the embeddings (seeded here).

    Paper: 1810.04805
    """

    name = "learned"
    absolute = True

    def embed(self, positions: IntArray, d_model: int, seed: int) -> FloatArray:
        """[token] -> [token, d_model]"""
        rows = [draw((d_model,), seed, "position", int(i)) for i in positions]
        return np.stack(rows) if rows else np.zeros((0, d_model))


class Rope(Position):
    """Queries and keys are turned by their position, so that scores know only the distance.

    Formula: the pair (t, t + width/2) turns by i · base^(-2t/width); "interleaved" pairs
    (2t, 2t+1), as the paper does. `width` 0 turns the whole head, else its first dimensions.
    Paper: 2104.09864
    """

    name = "rope"
    limits: ClassVar = {"base": (1.0, inf), "width": (0, inf)}
    choices: ClassVar = {"pairs": ("halves", "interleaved")}
    base: float = 10000.0
    pairs: str = "halves"
    width: int = 0

    def turn(self, vectors: FloatArray, positions: IntArray, side: Side) -> FloatArray:
        """[head, token, d] -> [head, token, d]"""
        del side
        width = self.width or vectors.shape[-1] // 2 * 2
        angle = positions[:, None] * self.base ** (-np.arange(0, width, 2) / width)
        return rotate(vectors, np.cos(angle), np.sin(angle), interleaved=self.pairs != "halves")


def rotate(
    vectors: FloatArray, cos: FloatArray, sin: FloatArray, *, interleaved: bool = False
) -> FloatArray:
    """Turn pairs of dimensions; dimensions beyond the pairs stay.

    Shapes: [..., token, d], [token, pair] -> [..., token, d]
    """
    n_pair = cos.shape[-1]
    first, second = (
        (slice(0, 2 * n_pair, 2), slice(1, 2 * n_pair, 2))
        if interleaved
        else (slice(0, n_pair), slice(n_pair, 2 * n_pair))
    )
    a, b = vectors[..., first], vectors[..., second]
    turned = vectors.copy()
    turned[..., first] = a * cos - b * sin
    turned[..., second] = b * cos + a * sin
    return turned


def sinusoids(positions: IntArray, d: int, base: float = 10000.0) -> FloatArray:
    """Sines in even, cosines in odd dimensions.    [token] -> [token, d]"""
    dims = np.arange(d)
    angle = positions[:, None] / base ** ((dims - dims % 2) / d)
    return np.where(dims % 2, np.cos(angle), np.sin(angle))


PARTS: tuple[type[Position], ...] = (NoPosition, Sinusoidal, LearnedPositions, Rope)
