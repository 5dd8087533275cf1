"""Position encodings: absolute ones and rotary ones (RoPE).

Absolute encodings are added to the embeddings by the source of the hidden states; rotary ones
rotate queries and keys before the score.
"""

from __future__ import annotations

from math import inf
from typing import ClassVar, Literal

import numpy as np

from attnviz.core.arrays import FloatArray, IntArray
from attnviz.core.part import Part
from attnviz.core.seeded_random import draw_uniform
from attnviz.errors import MisuseError

Side = Literal["query", "key"]

BASE_MAX = 1e15  # of angles; powers of a larger one overflow


class Position(Part):
    """A position encoding. The default encodes nothing."""

    absolute: ClassVar[bool] = False  # added to the embeddings
    rotates: ClassVar[bool] = False  # overrides `rotate`; set for each subclass
    renamed: ClassVar = {**Part.renamed, "turn": "rotate"}

    def __init_subclass__(cls, **options: bool) -> None:
        super().__init_subclass__(**options)
        cls.rotates = cls.rotate is not Position.rotate

    def embed(self, positions: IntArray, d_model: int, seed: int) -> FloatArray:
        """Vectors to add to the embeddings at these positions.    [token] -> [token, d_model]"""
        del seed
        return np.zeros((positions.size, d_model))

    def rotate(self, vectors: FloatArray, positions: IntArray, side: Side) -> FloatArray:
        """Queries or keys, rotated by position.    [head, token, d] -> [head, token, d]"""
        del positions, side
        return vectors


class NoPosition(Position):
    """No position encoding (NoPE): only the mask and the biases carry order.

    Paper: 2305.19466
    """

    name = "none"


class Sinusoidal(Position):
    """Sinusoidal position encoding: sines and cosines added to the embeddings.

    Wavelengths grow geometrically from 2π towards 2π · base.
    Formula: p_2t = sin(i / base^(2t/d)), p_2t+1 = cos(i / base^(2t/d))
    Paper: 1706.03762
    """

    name = "sinusoidal"
    limits: ClassVar = {"base": (1.0, BASE_MAX)}
    absolute = True
    base: float = 10000.0

    def embed(self, positions: IntArray, d_model: int, seed: int) -> FloatArray:
        """[token] -> [token, d_model]"""
        del seed
        return sinusoids(positions, d_model, self.base)


class LearnedPositions(Position):
    """Learned absolute position embeddings: one vector per position, added to the embeddings.

    Here the vectors are random, drawn from the seed of the embeddings.

    Paper: 1810.04805
    """

    name = "learned"
    absolute = True

    def embed(self, positions: IntArray, d_model: int, seed: int) -> FloatArray:
        """[token] -> [token, d_model]"""
        vectors = [draw_uniform((d_model,), seed, "position", int(i)) for i in positions]
        return np.stack(vectors) if vectors else np.zeros((0, d_model))


class Rope(Position):
    """Rotary position embedding (RoPE): queries and keys rotated by position.

    Scores then depend on relative position only.
    Formula: the pair of dimensions (t, t + w/2) is rotated by the angle i · base^(-2t/w), w the
    number of rotated dimensions; `pairs` "interleaved" rotates (2t, 2t+1), as in the paper.
    `rotary_dim` 0 rotates the whole head, else its first `rotary_dim` dimensions.
    Paper: 2104.09864
    """

    name = "rope"
    tunable_aliases: ClassVar = {"width": "rotary_dim"}
    limits: ClassVar = {"base": (1.0, BASE_MAX), "rotary_dim": (0, inf)}
    choices: ClassVar = {"pairs": ("halves", "interleaved")}
    base: float = 10000.0
    pairs: str = "halves"
    rotary_dim: int = 0

    def rotated_width(self, d: int) -> int:
        """Number of rotated dimensions of a head; MisuseError for more than it has."""
        if self.rotary_dim > d or self.rotary_dim % 2:
            raise MisuseError(
                f"{self.name}: rotary_dim={self.rotary_dim} should be even, and at most the head "
                f"dimension {d}"
            )
        return self.rotary_dim or d // 2 * 2

    def rotate(self, vectors: FloatArray, positions: IntArray, side: Side) -> FloatArray:
        """[head, token, d] -> [head, token, d]"""
        del side
        width = self.rotated_width(vectors.shape[-1])
        angle = positions[:, None] * self.base ** (-np.arange(0, width, 2) / width)
        return rotate_pairs(
            vectors, np.cos(angle), np.sin(angle), interleaved=self.pairs != "halves"
        )


def rotate_pairs(
    vectors: FloatArray, cos: FloatArray, sin: FloatArray, *, interleaved: bool = False
) -> FloatArray:
    """Rotate pairs of dimensions; dimensions beyond the pairs stay.

    Shapes: vectors [..., token, d], cos and sin [token, pair] -> [..., token, d]
    """
    n_pair = cos.shape[-1]
    first, second = (
        (slice(0, 2 * n_pair, 2), slice(1, 2 * n_pair, 2))
        if interleaved
        else (slice(0, n_pair), slice(n_pair, 2 * n_pair))
    )
    a, b = vectors[..., first], vectors[..., second]
    rotated = vectors.copy()
    rotated[..., first] = a * cos - b * sin
    rotated[..., second] = b * cos + a * sin
    return rotated


def sinusoids(positions: IntArray, d: int, base: float = 10000.0) -> FloatArray:
    """Sinusoidal encoding: sines in even, cosines in odd dimensions.    [token] -> [token, d]"""
    dims = np.arange(d)
    angle = positions[:, None] / base ** ((dims - dims % 2) / d)
    return np.where(dims % 2, np.cos(angle), np.sin(angle))


PARTS: tuple[type[Position], ...] = (NoPosition, Sinusoidal, LearnedPositions, Rope)
